import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMultistatus } from './multistatus.ts';
import { childName } from './walk.ts';

describe('multistatus documents', () => {
  it('of Apache: namespaces of its own, properties it does not know in a second propstat', () => {
    const text = `<?xml version="1.0" encoding="utf-8"?>
<D:multistatus xmlns:D="DAV:" xmlns:ns0="DAV:">
<D:response xmlns:lp1="DAV:"><D:href>/dav/a%20%26amp;/</D:href>
<D:propstat><D:prop><lp1:resourcetype><D:collection/></lp1:resourcetype>
<lp1:getlastmodified>Sat, 21 Nov 2026 14:00:00 GMT</lp1:getlastmodified></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>
<D:propstat><D:prop><getcontentlength xmlns="DAV:"/><quota-available-bytes xmlns="DAV:"/></D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>
</D:response>
<D:response xmlns:lp1="DAV:"><D:href>/dav/x&amp;y</D:href>
<D:propstat><D:prop><lp1:resourcetype/><lp1:getcontentlength>12</lp1:getcontentlength></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>
</D:response>
</D:multistatus>`;
    assert.deepEqual(parseMultistatus(text), [
      {
        href: '/dav/a%20%26amp;/',
        isFolder: true,
        bytes: null,
        modifiedMs: Date.parse('2026-11-21T14:00:00Z'),
        freeBytes: null,
      },
      { href: '/dav/x&y', isFolder: false, bytes: 12, modifiedMs: null, freeBytes: null },
    ]);
  });

  it('of servers with quotas: negative numbers mean that there is none', () => {
    for (const [told, bytes] of [
      ['1000', 1000],
      ['-3', null],
    ] as const) {
      const text = `<multistatus xmlns="DAV:"><response><href>/</href><propstat><prop><resourcetype><collection/></resourcetype>
<quota-available-bytes>${told}</quota-available-bytes></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>`;
      assert.equal(parseMultistatus(text)[0]?.freeBytes, bytes);
    }
  });

  it('without resources are empty', () => {
    assert.deepEqual(parseMultistatus('<multistatus xmlns="DAV:"/>'), []);
  });

  it('that are none are refused', () => {
    const bomb = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">${Array.from({ length: 20 }, (_, index) => `<!ENTITY b${index} "${index === 0 ? '&a;' : `&b${index - 1};`.repeat(10)}">`).join('')}]><html>&b19;</html>`;
    for (const text of ['', 'no XML', '<html></html>', '<multistatus><response>', bomb]) {
      assert.throws(() => parseMultistatus(text), { code: 'storage-failed' }, text.slice(0, 30));
    }
  });
});

describe('names of a folder', () => {
  const folder = new URL('http://host/dav/my%20files/');
  for (const [href, name] of [
    ['/dav/my%20files/', null],
    ['/dav/my%20files', null],
    ['/dav/my%20files/a', 'a'],
    ['/dav/my files/a b', 'a b'],
    ['http://other/dav/my%20files/sub/', 'sub'],
    ['/dav/my%20files/%C3%BC%2525', 'ü%25'],
    ['/dav/my%20files/a/b', null],
    ['/dav/elsewhere', null],
    ['/dav/my%20files/a%2Fb', null],
    ['/dav/my%20files/%ff', null],
    ['/dav/my%20files/..', null],
  ] as const) {
    it(`${href} is ${name}`, () => assert.equal(childName(href, folder), name));
  }
});
