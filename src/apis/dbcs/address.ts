/** The id of this API in jobs and logs. */
export const apiId = 'dbcs';

/** The beginning of every address of the contract. */
export const prefix = '/paas';
/** Below the prefix: the addresses of an identity domain. */
export const domainPath = '/service/dbcs/api/v1.1/instances/:identityDomainId';
/** Below the prefix: the addresses of a deployment. */
export const deploymentPath = `${domainPath}/:serviceId`;

/** What polls a job, as the service that was called is reached from outside. */
export const jobUrl = (base: string, domain: string, word: JobWord, number: number): string =>
  `${domainUrl(base, domain)}/status/${word}/job/${number}`;

export const deploymentUrl = (base: string, domain: string, deployment: string): string =>
  `${domainUrl(base, domain)}/${encodeURIComponent(deployment)}`;

/** What stands for the kind of a job in its address. */
export type JobWord = 'backup' | 'recovery';

const domainUrl = (base: string, domain: string): string =>
  `${withPort(base)}${prefix}/service/dbcs/api/v1.1/instances/${encodeURIComponent(domain)}`;

/** The contract prints the port in every URL, also the usual one. */
function withPort(base: string): string {
  const usual = base.startsWith('https:') ? 443 : 80;
  return base.replace(/^(https?:\/\/(?:\[[^\]]*\]|[^/:]+))(?=\/|$)/, `$1:${usual}`);
}
