/** What the contract prints on every answer. The trace id is the one of the request in our log. */
export const commonHeaders = (requestId: string): Readonly<Record<string, string>> => ({
  server: 'Oracle-Application-Server-11g',
  'strict-transport-security': 'max-age=31536000;includeSubDomains',
  'x-frame-options': 'DENY',
  'x-oracle-dms-ecid': requestId,
  'content-language': 'en',
  vary: 'user-agent',
  'access-control-allow-origin': '*',
  'access-control-allow-headers':
    'Content-Type, api_key, Authorization, X-ID-TENANT-NAME, X-USER-IDENTITY-DOMAIN-NAME',
  'access-control-allow-methods': 'GET, POST, DELETE, PUT, OPTIONS, HEAD',
});

/** Seconds after which a client is to ask for a job that was accepted. */
export const pollSeconds = 60;
