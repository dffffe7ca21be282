import type { Api, Route } from '../apis/api.ts';

/** The whole path of a route, as the router takes it. */
export const pathOf = (api: Api, route: Route): string =>
  route.atRoot === true ? route.path : `${api.prefix}${route.path}`;

/** The methods that a route answers: HEAD comes with GET. */
export const methodsOf = (route: Route): readonly string[] =>
  route.method === 'GET' ? ['GET', 'HEAD'] : [route.method];

function patternOf(path: string): RegExp {
  const source = path
    .split(/(:[A-Za-z_]\w*(?:\([^)]*\))?|\*)/)
    .map((part) => {
      if (part === '*') return '.*';
      if (!part.startsWith(':')) return part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
      // A parameter with a form of its own has that between parentheses, anchored.
      return /\(\^?(.*?)\$?\)$/.exec(part)?.[1] ?? '[^/]+';
    })
    .join('');
  return new RegExp(`^${source}$`);
}

/** Which methods an address takes, over all routes: empty when nothing is served there. */
export function createAllowedMethods(apis: readonly Api[]): (path: string) => readonly string[] {
  const known = apis.flatMap((api) =>
    api.routes.map((route) => ({ pattern: patternOf(pathOf(api, route)), methods: methodsOf(route) })),
  );
  return (path) => [
    ...new Set(known.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods)),
  ];
}

/** The API that answers for an address although no route matches: one that says so, the one with the longest prefix, else `fallback`. */
export function ownerOf(path: string, apis: readonly Api[], fallback: Api): Api {
  const claiming = apis.find((api) => api.owns?.(path) === true);
  if (claiming !== undefined) return claiming;
  let owner = fallback;
  let length = 0;
  for (const api of apis) {
    for (const prefix of [api.prefix, ...(api.morePrefixes ?? [])]) {
      const owns = path === prefix || path.startsWith(`${prefix}/`);
      if (owns && prefix.length > length) [owner, length] = [api, prefix.length];
    }
  }
  return owner;
}
