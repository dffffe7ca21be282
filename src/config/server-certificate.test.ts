import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { makeSelfSignedCertificate } from '../../test/harness/self-signed-certificate.ts';
import { withFolder } from '../../test/harness/with-folder.ts';
import { selfMadeCertificate } from './self-made-certificate.ts';
import { certificateSource } from './server-certificate.ts';

const dayMs = 24 * 60 * 60 * 1000;

describe('the self-made certificate', () => {
  it('is made once, for its owner alone, for this machine and the host that is listened on', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'tls.pem');
      const made = await selfMadeCertificate(path, '192.0.2.7');
      assert.deepEqual(await selfMadeCertificate(path, '192.0.2.7'), made);
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      assert.deepEqual(await readdir(folder), ['tls.pem']);
      assert.equal(await readFile(path, 'utf8'), `${made.key}${made.certificate}`);
      const certificate = new X509Certificate(made.certificate);
      for (const name of ['localhost', hostname()]) assert.ok(certificate.checkHost(name), name);
      for (const ip of ['127.0.0.1', '::1', '192.0.2.7']) assert.ok(certificate.checkIP(ip), ip);
      assert.ok(certificate.verify(certificate.publicKey));
      assert.equal(certificate.ca, false);
    });
  });

  it('is made anew a month before it ends, and where the file is no pair', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'tls.pem');
      const now = Date.now();
      const first = await selfMadeCertificate(path, 'localhost', now);
      const end = Date.parse(new X509Certificate(first.certificate).validTo);
      assert.ok(end - now < 826 * dayMs && end - now > 800 * dayMs);
      assert.deepEqual(await selfMadeCertificate(path, 'localhost', end - 31 * dayMs), first);
      const second = await selfMadeCertificate(path, 'localhost', end - 29 * dayMs);
      assert.notEqual(second.certificate, first.certificate);
      assert.ok(Date.parse(new X509Certificate(second.certificate).validTo) > end + 700 * dayMs);
      for (const text of ['', 'nonsense', second.certificate, `${first.key}${second.certificate}`]) {
        await writeFile(path, text);
        const remade = await selfMadeCertificate(path, 'localhost', now);
        assert.notEqual(`${remade.key}${remade.certificate}`, text);
        assert.equal(await readFile(path, 'utf8'), `${remade.key}${remade.certificate}`);
      }
    });
  });

  it('says where it cannot be kept', async () => {
    await assert.rejects(selfMadeCertificate('/none/tls.pem', 'localhost'), {
      code: 'data-folder-unwritable',
      message: /The certificate \/none\/tls\.pem cannot be written/,
    });
  });
});

describe('given certificates', () => {
  it('are read again each time', async () => {
    await withFolder(async (folder) => {
      const given = { certificate: join(folder, 'crt'), key: join(folder, 'key') };
      const source = certificateSource(given, join(folder, 'tls.pem'), 'localhost');
      for (const _ of [1, 2]) {
        const pair = makeSelfSignedCertificate();
        await writeFile(given.certificate, pair.certificate);
        await writeFile(given.key, pair.key);
        assert.deepEqual(await source(), pair);
      }
      assert.deepEqual((await readdir(folder)).sort(), ['crt', 'key'], 'none is made');
    });
  });

  it('are refused where one is missing, cannot be read or is not the other one', async () => {
    await withFolder(async (folder) => {
      const file = async (name: string, text: string): Promise<string> => {
        await writeFile(join(folder, name), text);
        return join(folder, name);
      };
      const [pair, other] = [makeSelfSignedCertificate(), makeSelfSignedCertificate()];
      const certificate = await file('crt', pair.certificate);
      const key = await file('key', pair.key);
      const cases = [
        [certificate, null, 'tls-key', /tls-key is missing/],
        [null, key, 'tls-certificate', /tls-certificate is missing/],
        [join(folder, 'none'), key, 'tls-certificate', /none cannot be read/],
        [certificate, join(folder, 'none'), 'tls-key', /none cannot be read/],
        [key, key, 'tls-certificate', /holds no certificate/],
        [certificate, certificate, 'tls-key', /holds no private key/],
        [certificate, await file('other', other.key), 'tls-key', /is not the one of the certificate/],
      ] as const;
      for (const [crt, pem, field, message] of cases) {
        const source = certificateSource({ certificate: crt, key: pem }, join(folder, 'tls.pem'), 'h');
        await assert.rejects(source(), { code: 'option-invalid', field, message });
      }
    });
  });
});
