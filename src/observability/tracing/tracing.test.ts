import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Secret } from '../../base/secret.ts';
import { placeOfJob, placeOfTable, placeOfTask } from './span.ts';
import { parseTraceparent } from './traceparent.ts';
import { tracingSettings } from './tracing-settings.ts';

describe('traceparent', () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const spanId = '00f067aa0ba902b7';
  it('gives the span of the caller', () => {
    assert.deepEqual(parseTraceparent(`00-${traceId}-${spanId}-01`), { traceId, spanId });
    assert.deepEqual(parseTraceparent(`cc-${traceId}-${spanId}-00-what-comes-one-day`), { traceId, spanId });
  });
  it('is left aside where it makes no sense', () => {
    const wrong = [
      undefined,
      '',
      'x',
      `ff-${traceId}-${spanId}-01`,
      `00-${traceId.toUpperCase()}-${spanId}-01`,
      `00-${'0'.repeat(32)}-${spanId}-01`,
      `00-${traceId}-${'0'.repeat(16)}-01`,
      `00-${traceId}-${spanId}`,
    ];
    assert.deepEqual(
      wrong.map(parseTraceparent),
      wrong.map(() => null),
    );
  });
});

describe('span ids', () => {
  it('are the same wherever they are made, and of each thing its own', () => {
    assert.deepEqual(placeOfJob('a'), placeOfJob('a'));
    assert.match(placeOfJob('a').traceId, /^[0-9a-f]{32}$/);
    const places = [
      placeOfJob('a'),
      placeOfTable('a', 0, 'data:t'),
      placeOfTable('a', 1, 'data:t'),
      placeOfTable('a', 0, 'data:u'),
      placeOfTask('a', 'token'),
      placeOfTask('a', 'other'),
    ];
    assert.equal(new Set(places.map(({ traceId }) => traceId)).size, 1);
    assert.equal(new Set(places.map(({ spanId }) => spanId)).size, places.length);
    assert.notEqual(placeOfJob('b').traceId, placeOfJob('a').traceId);
  });
});

describe('where traces go', () => {
  const none = { url: null, headers: null };
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
  it('is nowhere, unless somebody says so', () => {
    assert.equal(tracingSettings(none, {}), null);
    assert.equal(tracingSettings(none, { OTEL_EXPORTER_OTLP_ENDPOINT: '' }), null);
    assert.equal(tracingSettings(none, { ...endpoint, OTEL_SDK_DISABLED: 'true' }), null);
    assert.equal(tracingSettings({ ...none, url: 'http://c' }, { OTEL_TRACES_EXPORTER: 'none' }), null);
  });
  it('is what the option says, else what the variables of OpenTelemetry say', () => {
    assert.deepEqual(tracingSettings(none, endpoint), { url: null, headers: {} });
    assert.equal(
      tracingSettings({ ...none, url: 'https://c:4318/' }, endpoint)?.url,
      'https://c:4318/v1/traces',
    );
    assert.equal(tracingSettings({ ...none, url: 'https://c/otlp' }, {})?.url, 'https://c/otlp/v1/traces');
  });
  it('takes headers, and never repeats them', () => {
    const headers = new Secret('authorization=Bearer%20a%2Cb, x-tenant = one=two');
    assert.deepEqual(tracingSettings({ url: 'http://c', headers }, {})?.headers, {
      authorization: 'Bearer a,b',
      'x-tenant': 'one=two',
    });
    for (const wrong of ['hunter2', 'a=hunter2%0d%0ab', 'a b=hunter2', 'a=%hunter2']) {
      assert.throws(
        () => tracingSettings({ url: 'http://c', headers: new Secret(wrong) }, {}),
        (error: Error) =>
          !error.message.includes('hunter2') && 'code' in error && error.code === 'option-invalid',
      );
    }
  });
});
