/** Other systems that are told of a run, each where a variable names it. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { causeOf } from '../../scripts/writable.mjs';

/** Absent: nobody asked for it. */
export interface Recipients {
  /** A file that GitHub shows beside the job: `GITHUB_STEP_SUMMARY`. */
  stepSummary?: string;
  /** A file that a node exporter reads: `PROMETHEUS_TEXTFILE`. */
  prometheusFile?: string;
  /** `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT`, else `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  otlpEndpoint?: string;
}

export function recipientsOf(env: NodeJS.ProcessEnv): Recipients {
  return {
    stepSummary: env.GITHUB_STEP_SUMMARY || undefined,
    prometheusFile: env.PROMETHEUS_TEXTFILE || undefined,
    otlpEndpoint: env.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT || undefined,
  };
}

/**
 * What could not be told after the run is said before it.
 * @throws one sentence, without the address: it may hold a password
 */
export function checkRecipients(env: NodeJS.ProcessEnv): void {
  const { prometheusFile, otlpEndpoint } = recipientsOf(env);
  // The exporter would take its default in the place of what is no address.
  if (otlpEndpoint && !(/^https?:\/\/[^/]/i.test(otlpEndpoint) && URL.canParse(otlpEndpoint))) {
    const name = env.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT
      ? 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'
      : 'OTEL_EXPORTER_OTLP_ENDPOINT';
    throw new Error(`${name} is no URL; allowed is one such as http://localhost:4318.`);
  }
  if (!prometheusFile) return;
  const folder = dirname(prometheusFile);
  const allowed = 'allowed is a file in a folder that exists';
  try {
    if (statSync(folder).isDirectory()) return;
  } catch (error) {
    throw new Error(`PROMETHEUS_TEXTFILE is "${prometheusFile}", but ${causeOf(error)}; ${allowed}.`);
  }
  throw new Error(`PROMETHEUS_TEXTFILE is "${prometheusFile}", but ${folder} is no folder; ${allowed}.`);
}
