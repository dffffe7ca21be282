import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deploymentUrl, jobUrl } from './address.ts';

test('addresses are those of the outside, always with a port', () => {
  const of = (origin: string): string => jobUrl(origin, 'quay', 'backup', 40127);
  const path = '/paas/service/dbcs/api/v1.1/instances/quay/status/backup/job/40127';
  assert.equal(of('https://dbaas.pump.example.net'), `https://dbaas.pump.example.net:443${path}`);
  assert.equal(of('http://127.0.0.1'), `http://127.0.0.1:80${path}`);
  assert.equal(of('https://localhost:4443'), `https://localhost:4443${path}`);
  assert.equal(of('https://[::1]'), `https://[::1]:443${path}`);
  assert.equal(of('https://[::1]:8443'), `https://[::1]:8443${path}`);
  assert.equal(
    deploymentUrl('https://pump', 'quay', 'tides 1'),
    'https://pump:443/paas/service/dbcs/api/v1.1/instances/quay/tides%201',
  );
});
