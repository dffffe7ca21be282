import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { Secret } from '../../base/secret.ts';
import { AppError } from '../../core/errors.ts';
import { placeOf } from '../place.ts';
import type { StorageDriver, StoragePlace } from '../storage.ts';
import { s3Address } from './address.ts';
import { obsDialect, s3Dialect } from './dialect.ts';
import { obsDriver, s3Driver } from './driver.ts';

const { network } = placeAt('s3://bucket');
const read = (location: string, driver: StorageDriver = s3Driver) =>
  s3Address(placeOf(driver, new URL(location), null, network), driver === s3Driver ? s3Dialect : obsDialect);

describe('the URL of a bucket', () => {
  it('gives bucket, prefix, region and endpoint', () => {
    const address = read('s3://bucket/pre%20fix/two/?endpoint=https://host:9000&region=eu-west-1');
    assert.equal(address.bucket, 'bucket');
    assert.equal(address.prefix, 'pre fix/two/');
    assert.equal(address.region, 'eu-west-1');
    assert.equal(address.endpoint?.href, 'https://host:9000/');
    assert.equal(read('s3://bucket').prefix, '');
    assert.equal(read('s3://Old_Bucket.x/').bucket, 'Old_Bucket.x');
  });

  it('has the bucket in the path of every endpoint that is not the own one of the vendor', () => {
    const styles: readonly (readonly [string, StorageDriver, boolean])[] = [
      ['s3://bucket', s3Driver, false],
      ['s3://bucket?endpoint=https://s3.eu-west-1.amazonaws.com', s3Driver, false],
      ['s3://bucket?endpoint=https://notamazonaws.com', s3Driver, true],
      ['s3://bucket?endpoint=http://127.0.0.1:9000', s3Driver, true],
      [
        's3://bucket?endpoint=https://ns.compat.objectstorage.eu-frankfurt-1.oraclecloud.com&region=eu-frankfurt-1',
        s3Driver,
        true,
      ],
      ['s3://bucket?endpoint=https://oss.example&path-style=false', s3Driver, false],
      ['s3://bucket?path-style=true', s3Driver, true],
      ['obs://bucket?region=eu-west-101', obsDriver, false],
      ['obs://bucket?endpoint=http://127.0.0.1:9000', obsDriver, true],
    ];
    for (const [location, driver, isPath] of styles) {
      assert.equal(read(location, driver).pathStyle, isPath, location);
    }
  });

  it('obs: the endpoint is that of the region, unless it is given', () => {
    const own = read('obs://bucket/x?region=eu-west-101', obsDriver);
    assert.equal(own.endpoint?.href, 'https://obs.eu-west-101.myhuaweicloud.com/');
    assert.equal(read('obs://bucket?endpoint=http://h:1', obsDriver).endpoint?.href, 'http://h:1/');
  });

  it('takes storage class and encryption', () => {
    const address = read('s3://b2c?storage-class=STANDARD_IA&server-side-encryption=aws:kms&kms-key=k-1');
    assert.equal(address.storageClass, 'STANDARD_IA');
    assert.deepEqual(address.encryption, { method: 'aws:kms', key: 'k-1' });
  });

  it('is refused with a remedy when it cannot be', () => {
    const wrong = [
      's3://',
      's3:///prefix',
      's3://b',
      's3://key:secret@bucket',
      's3://key@bucket',
      's3://bucket:9000/x',
      's3://bucket/a//b',
      's3://bucket/%ZZ',
      's3://bucket/a%00b',
      's3://bucket?endpoint=host:9000',
      's3://bucket?endpoint=ftp://host',
      's3://bucket?endpoint=http://user:pass@host',
      's3://bucket?endpoint=http://host?x=1',
      's3://bucket?region=eu%20west',
      's3://bucket?path-style=yes',
      's3://bucket?storage-class=a%0Ab',
      's3://bucket?server-side-encryption=rot13',
      's3://bucket?kms-key=x',
      's3://bucket?server-side-encryption=aws:kms&kms-key=a%0Ab',
      's3://bucket?server-side-encryption=AES256&kms-key=x',
      's3://bucket?keys=environment',
      's3://bucket?nonsense=1',
      's3://bucket#fragment',
      'obs://bucket',
    ];
    for (const location of wrong) {
      const driver = location.startsWith('obs') ? obsDriver : s3Driver;
      assert.throws(() => read(location, driver), { name: 'AppError', code: 'location-invalid' }, location);
    }
  });

  it('does not repeat values of options, which may be secrets in the wrong place', () => {
    for (const name of ['region', 'path-style', 'storage-class', 'server-side-encryption']) {
      assert.throws(
        () => read(`s3://bucket?${name}=Hunter2!`),
        (error: AppError) => {
          assert.match(error.message, new RegExp(name));
          assert.doesNotMatch(`${error.message} ${error.hint}`, /Hunter2/);
          return true;
        },
      );
    }
  });

  it('throws nothing else, whatever stands there, and never shows a password', () => {
    fc.assert(
      fc.property(
        fc.webPath(),
        fc.constantFrom('endpoint', 'region', 'path-style', 'kms-key'),
        fc.string(),
        (path, name, value) => {
          const location = new URL(`s3://user:pass-word@bucket${path}`);
          location.searchParams.set(name, value);
          for (const withUser of [true, false]) {
            if (!withUser) location.username = location.password = '';
            try {
              s3Driver.open(placeOf(s3Driver, location, null, network));
            } catch (error) {
              assert.ok(error instanceof AppError && error.code === 'location-invalid');
              assert.ok(!`${error.message}${error.hint}`.includes('pass-word'));
            }
          }
        },
      ),
    );
  });
});

describe('the credential of a bucket', () => {
  const as = (id: string | null, secret: string | null, options: StoragePlace['options'] = {}) =>
    placeOf(
      s3Driver,
      new URL('s3://bucket'),
      { name: 'C', type: 's3', id, secret: secret === null ? null : new Secret(secret), options },
      network,
    );

  it('has keys, or says where they come from', () => {
    for (const place of [
      as('id', 'secret'),
      as(null, null, { keys: 'environment' }),
      as(null, null, { keys: 'instance' }),
    ]) {
      assert.equal(s3Driver.open(place).description, 's3://bucket');
    }
    for (const place of [
      as(null, null),
      as('id', null),
      as(null, 'secret'),
      as('id', 'secret', { keys: 'environment' }),
      as(null, null, { keys: 'mine' }),
      as('ключ', 'secret'),
      as('AKIA X', 'secret'),
    ]) {
      assert.throws(
        () => s3Driver.open(place),
        (error: AppError) => {
          assert.equal(error.code, 'location-invalid');
          assert.doesNotMatch(`${error.message} ${error.hint}`, /mine|ключ|AKIA/);
          return true;
        },
      );
    }
  });
});
