import type { Route } from '../api.ts';

const landing = '/_/landing';
const catalogue = '/_/db-api/stable/metadata-catalog/';

/** `/ords/`, which probes ask, and the page that it leads to: there is no console here. Both answer while jobs run, and whatever does not answer. */
export function landingRoutes(): readonly Route[] {
  const common = { method: 'GET', tags: ['Landing'], access: 'public', hidden: true } as const;
  const root = (path: string, operationId: string): Route => ({
    ...common,
    path,
    operationId,
    summary: 'Lead to the landing page',
    responses: { 302: { description: 'The landing page.', schema: null } },
    handle: async ({ base }) => ({ status: 302, headers: { location: `${base}/ords${landing}` } }),
  });
  return [
    root('', 'getRoot'),
    root('/', 'getRootWithSlash'),
    {
      ...common,
      path: landing,
      operationId: 'getLanding',
      summary: 'Say what is here',
      responses: { 200: { description: 'A page.', schema: null, mediaType: 'text/html; charset=utf-8' } },
      handle: async ({ base }) => ({ status: 200, body: page(`${base}/ords${catalogue}`) }),
    },
  ];
}

const page = (catalogueUrl: string): string => `<!doctype html>
<html lang="en">
<title>Pumphouse</title>
<h1>Pumphouse</h1>
<p>Exports and imports as jobs, in the words of the Oracle REST Data Services Database API: <a href="${catalogueUrl}">metadata catalog</a>.</p>
</html>
`;
