import assert from 'node:assert/strict';
import test from 'node:test';
import { formatProperties, parseProperties } from './properties-xml.ts';

const published = `<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE properties SYSTEM "http://java.sun.com/dtd/properties.dtd">
<properties>
<comment>Saved on Sat Feb 14 09:12:00 UTC 2026</comment>
<entry key="db.username">PUMP_PUBLIC</entry>
<entry key="restEnabledSql.active">true</entry>
</properties>
`;

test('a published file is read, and written byte for byte', () => {
  const entries = parseProperties(published, 'pool.xml');
  assert.deepEqual(
    entries,
    new Map([
      ['db.username', 'PUMP_PUBLIC'],
      ['restEnabledSql.active', 'true'],
    ]),
  );
  assert.equal(formatProperties(entries, new Date('2026-02-14T09:12:00Z')), published);
});

test('every text comes back as it was', () => {
  const entries = new Map([
    ['a"<&>\'', 'x < y & "z" \n\t ü ]]> 漢'],
    ['b', '  spaces  '],
    ['c', ''],
    ['d', '&lt; &#65;'],
  ]);
  assert.deepEqual(parseProperties(formatProperties(entries, new Date(0)), 'p'), entries);
});

test('what other programs write is read too', () => {
  const text = `<properties><!-- none --><entry key='a'/><entry key="b"><![CDATA[x & y]]></entry>
    <entry key="c">&#x41;&#66;&unknown;</entry></properties>`;
  assert.deepEqual(
    parseProperties(text, 'p'),
    new Map([
      ['a', ''],
      ['b', 'x & y'],
      ['c', 'AB&unknown;'],
    ]),
  );
  assert.deepEqual(parseProperties('<properties></properties>', 'p'), new Map());
});

test('anything else is refused naming the file, and no entity is followed', () => {
  const hostile = `<!DOCTYPE properties [<!ENTITY x SYSTEM "file:///etc/passwd">]>
    <properties><entry key="a">&x;</entry></properties>`;
  const deep = `<properties>${'<a>'.repeat(10_000)}${'</a>'.repeat(10_000)}</properties>`;
  const nameless = '<properties><entry>x</entry></properties>';
  for (const text of ['', 'key=value', '<a/>', '<constructor/>', nameless, '<properties>', hostile, deep]) {
    assert.throws(() => parseProperties(text, '/etc/pool.xml'), {
      code: 'option-invalid',
      message: /\/etc\/pool\.xml/,
    });
  }
  const own = '<!DOCTYPE properties [<!ENTITY x "y">]><properties><entry key="a">&x;</entry></properties>';
  assert.equal(parseProperties(own, 'p').get('a'), '&x;');
});
