// In the thread in which Node resolves what is imported.

/** @type {Record<string, string>} */
let urls = {};

/** @param {Record<string, string>} given the file of each module, both as URLs */
export function initialize(given) {
  urls = given;
}

/** @type {import('node:module').ResolveHook} */
export async function resolve(specifier, context, next) {
  return instead(urls, await next(specifier, context));
}

/**
 * @param {Record<string, string>} urls
 * @param {import('node:module').ResolveFnOutput} found
 */
export function instead(urls, found) {
  const url = urls[found.url];
  return url === undefined ? found : { ...found, url, format: /** @type {const} */ ('module') };
}
