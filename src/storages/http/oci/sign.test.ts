import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../../base/secret.ts';
import { ociAuthorise } from './sign.ts';

/** Key, requests and signatures are those of Oracle's documentation ("Request Signatures", test values). */
const key = `-----BEGIN RSA PRIVATE KEY-----
MIICXgIBAAKBgQDCFENGw33yGihy92pDjZQhl0C36rPJj+CvfSC8+q28hxA161QF
NUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6Z4UMR7EOcpfdUE9Hf3m/hs+F
UR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJwoYi+1hqp1fIekaxsyQIDAQAB
AoGBAJR8ZkCUvx5kzv+utdl7T5MnordT1TvoXXJGXK7ZZ+UuvMNUCdN2QPc4sBiA
QWvLw1cSKt5DsKZ8UETpYPy8pPYnnDEz2dDYiaew9+xEpubyeW2oH4Zx71wqBtOK
kqwrXa/pzdpiucRRjk6vE6YY7EBBs/g7uanVpGibOVAEsqH1AkEA7DkjVH28WDUg
f1nqvfn2Kj6CT7nIcE3jGJsZZ7zlZmBmHFDONMLUrXR/Zm3pR5m0tCmBqa5RK95u
412jt1dPIwJBANJT3v8pnkth48bQo/fKel6uEYyboRtA5/uHuHkZ6FQF7OUkGogc
mSJluOdc5t6hI1VsLn0QZEjQZMEOWr+wKSMCQQCC4kXJEsHAve77oP6HtG/IiEn7
kpyUXRNvFsDE0czpJJBvL/aRFUJxuRK91jhjC68sA7NsKMGg5OXb5I5Jj36xAkEA
gIT7aFOYBFwGgQAQkWNKLvySgKbAZRTeLBacpHMuQdl1DfdntvAyqpAZ0lY0RKmW
G6aFKaqQfOXKCyWoUiVknQJAXrlgySFci/2ueKlIE1QqIiLSZ8V8OlpFLRnb1pzI
7U1yQXnTAEFYM560yJlzUpOb1V4cScGd365tiSMvxLOvTA==
-----END RSA PRIVATE KEY-----`;
const id =
  'ocid1.tenancy.oc1..aaaaaaaaba3pv6wkcr4jqae5f15p2b2m2yt2j6rx32uzr4h25vqstifsfdsq/' +
  'ocid1.user.oc1..aaaaaaaat5nvwcna5j6aqzjcaty5eqbb6qt2jvpkanghtgdaqedqw3rynjq/' +
  '73:61:a2:21:67:e0:df:be:7e:4b:93:1e:15:98:a5:b7';
const at = new Date('Sun, 05 Jan 2014 21:31:40 GMT');
const credential = { name: 'OCI', type: 'http', id, secret: new Secret(key) };

/** The date of the documentation names the wrong weekday, and is signed as it stands there. */
const documented = (): Date =>
  Object.assign(new Date(at), { toUTCString: () => 'Thu, 05 Jan 2014 21:31:40 GMT' });

const signature = (headers: Readonly<Record<string, unknown>>): string =>
  /signature="([^"]+)"/.exec(String(headers.authorization))?.[1] ?? '';

test('a GET is signed as documented', () => {
  const url = new URL(
    'https://iaas.us-phoenix-1.oraclecloud.com/20160918/instances?availabilityDomain=Pjwf%3A%20PHX-AD-1' +
      '&compartmentId=ocid1.compartment.oc1..aaaaaaaam3we6vgnherjq5q2idnccdflvjsnog7mlr6rtdb25gilchfeyjxa' +
      '&displayName=TeamXInstances&volumeId=ocid1.volume.oc1.phx.abyhqljrgvttnlx73nmrwfaux7kcvzfs3s66izvxf2h4lgvyndsdsnoiwr5q',
  );
  const headers = ociAuthorise(credential, documented)({ method: 'GET', url, headers: {}, body: null });
  assert.equal(
    signature(headers),
    'GBas7grhyrhSKHP6AVIj/h5/Vp8bd/peM79H9Wv8kjoaCivujVXlpbKLjMPeDUhxkFIWtTtLBj3sUzaFj34XE6YZAHc9r2DmE4pMwOAy/kiITcZxa1oHPOeRheC0jP2dqbTll8fmTZVwKZOKHYPtrLJIJQHJjNvxFWeHQjMaR7M=',
  );
  assert.match(String(headers.authorization), /^Signature version="1",keyId="ocid1\.tenancy\./);
  assert.match(String(headers.authorization), /headers="date \(request-target\) host"/);
});

test('a POST is signed with its content, as documented', () => {
  const body = Buffer.from(`{
    "compartmentId": "ocid1.compartment.oc1..aaaaaaaam3we6vgnherjq5q2idnccdflvjsnog7mlr6rtdb25gilchfeyjxa",
    "instanceId": "ocid1.instance.oc1.phx.abuw4ljrlsfiqw6vzzxb43vyypt4pkodawglp3wqxjqofakrwvou52gb6s5a",
    "volumeId": "ocid1.volume.oc1.phx.abyhqljrgvttnlx73nmrwfaux7kcvzfs3s66izvxf2h4lgvyndsdsnoiwr5q"
}`);
  const url = new URL('https://iaas.us-phoenix-1.oraclecloud.com/20160918/volumeAttachments');
  const headers = ociAuthorise(credential, documented)({ method: 'POST', url, headers: {}, body });
  assert.equal(
    signature(headers),
    'Mje8vIDPlwIHmD/cTDwRxE7HaAvBg16JnVcsuqaNRim23fFPgQfLoOOxae6WqKb1uPjYEl0qIdazWaBy/Ml8DRhqlocMwoSXv0fbukP8J5N80LCmzT/FFBvIvTB91XuXI3hYfP9Zt1l7S6ieVadHUfqBedWH0itrtPJBgKmrWso=',
  );
  assert.equal(headers['x-content-sha256'], 'V9Z20UJTvkvpJ50flBzKE32+6m2zJjweHpDMX/U4Uy0=');
});

test('an id or a key of another shape is refused, and not shown', () => {
  const url = new URL('https://objectstorage.eu-frankfurt-1.oraclecloud.com/n/x/b/y/o/z');
  for (const wrong of [null, '', 'someone', 'ocid1.tenancy.oc1..x/ocid1.user.oc1..y', `${id}"`]) {
    assert.throws(() => ociAuthorise({ ...credential, id: wrong }), { code: 'location-invalid' });
  }
  for (const wrong of ['', 'no key', key.slice(0, 200)]) {
    const authorise = ociAuthorise({ ...credential, secret: new Secret(wrong) });
    assert.throws(
      () => authorise({ method: 'GET', url, headers: {}, body: null }),
      (error: Error) => {
        assert.match(error.message, /no RSA private key/);
        assert.equal(error.cause, undefined);
        return true;
      },
    );
  }
});
