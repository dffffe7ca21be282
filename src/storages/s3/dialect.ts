/** How one member of the family differs from the others. */
export interface S3Dialect {
  readonly scheme: 's3' | 'obs';
  /** The vendor's own endpoint in a region; null: the client library knows it. */
  readonly endpoint: ((region: string) => string) | null;
  /** Where buckets are when nobody names a region; null: somebody has to. */
  readonly region: string | null;
  /** The hosts of the vendor's own endpoints: there a bucket is part of the host name, elsewhere the first part of the path. */
  readonly ownHosts: RegExp;
  /** `v1`: lists go on after the last name, and names are not encoded in them. */
  readonly listing: 'v1' | 'v2';
}

export const s3Dialect: S3Dialect = {
  scheme: 's3',
  endpoint: null,
  region: 'us-east-1',
  ownHosts: /\.amazonaws\.com(\.cn)?$/,
  listing: 'v2',
};

/** Huawei OBS refuses the bucket in the path (`VirtualHostDomainRequired`), and its parallel file systems know the old listing only. */
export const obsDialect: S3Dialect = {
  scheme: 'obs',
  endpoint: (region) => `https://obs.${region}.myhuaweicloud.com`,
  region: null,
  ownHosts: /\.myhuaweicloud\.(com|eu|cn)$/,
  listing: 'v1',
};
