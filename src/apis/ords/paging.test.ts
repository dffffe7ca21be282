import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../core/errors.ts';
import { decodePage, pageLinks } from './paging.ts';

describe('a page request', () => {
  it('has defaults', () => assert.deepEqual(decodePage({}), { limit: 25, offset: 0, q: undefined }));
  it('reads texts', () =>
    assert.deepEqual(decodePage({ limit: '3', offset: '6', q: '{}' }), { limit: 3, offset: 6, q: '{}' }));
  it('lowers a limit over the cap', () => assert.equal(decodePage({ limit: '10001' }).limit, 10_000));

  const refused: readonly [Record<string, unknown>, string, RegExp][] = [
    [{ limit: '0' }, 'limit', /limit must be a whole number of 1 or more, not "0"/],
    [{ limit: '-1' }, 'limit', /not "-1"/],
    [{ limit: 'ten' }, 'limit', /not "ten"/],
    [{ limit: '1.5' }, 'limit', /not "1.5"/],
    [{ limit: '' }, 'limit', /not ""/],
    [{ limit: '1e3' }, 'limit', /not "1e3"/],
    [{ limit: ['1', '2'] }, 'limit', /limit is given more than once/],
    [{ offset: '-1' }, 'offset', /offset must be a whole number of 0 or more/],
    [{ offset: 'x' }, 'offset', /offset/],
    [{ q: ['{}', '{}'] }, 'q', /q is given more than once/],
  ];
  for (const [query, field, message] of refused) {
    it(`refuses ${JSON.stringify(query)}`, () =>
      assert.throws(
        () => decodePage(query),
        (error) => error instanceof AppError && error.field === field && message.test(error.message),
      ));
  }
});

describe('the links of a page', () => {
  const links = (offset: number, hasMore: boolean, q?: string) =>
    pageLinks('http://h/jobs/', 'http://h/catalog/', { limit: 2, offset, q }, hasMore).map(
      ({ rel, href }) => `${rel} ${href}`,
    );

  it('lead nowhere from a single page', () =>
    assert.deepEqual(links(0, false), [
      'self http://h/jobs/',
      'describedby http://h/catalog/',
      'first http://h/jobs/?limit=2',
    ]));

  it('lead on and back, with the filter', () =>
    assert.deepEqual(links(2, true, '{"a":1}'), [
      'self http://h/jobs/',
      'describedby http://h/catalog/',
      'first http://h/jobs/?limit=2&q=%7B%22a%22%3A1%7D',
      'next http://h/jobs/?offset=4&limit=2&q=%7B%22a%22%3A1%7D',
      'prev http://h/jobs/?limit=2&q=%7B%22a%22%3A1%7D',
    ]));

  it('never lead before the beginning', () =>
    assert.ok(links(1, false).includes('prev http://h/jobs/?limit=2')));
});
