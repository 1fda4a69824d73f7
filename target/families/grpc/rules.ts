/** What calls are in spite of what was asked; faults add them. */
export interface GrpcRule {
  /** A call is answered with UNAVAILABLE, and not carried out. */
  refuses?(): boolean;
  /** An executed cell stands in the history twice. */
  repeats?(): boolean;
  /** A token is not sent. */
  loses?(): boolean;
  /** How long a stream of answers says nothing after its first message. */
  stallMs?(): number;
}

/** All rules in force: what one of them says holds. */
export class GrpcRules implements Required<GrpcRule> {
  readonly #rules: GrpcRule[] = [];

  addRule(rule: GrpcRule): void {
    this.#rules.push(rule);
  }

  refuses(): boolean {
    return this.#rules.some((rule) => rule.refuses?.() ?? false);
  }

  repeats(): boolean {
    return this.#rules.some((rule) => rule.repeats?.() ?? false);
  }

  loses(): boolean {
    return this.#rules.some((rule) => rule.loses?.() ?? false);
  }

  stallMs(): number {
    return this.#rules.reduce((sum, rule) => sum + (rule.stallMs?.() ?? 0), 0);
  }
}

/** What faults reach into. */
export interface GrpcParts {
  grpc: GrpcRules;
}
