import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { call, nameAt, ordsApiOver, sampleJob, secondOfStart } from '../../../test/harness/ords-fixture.ts';
import type { Job, JobLogEntry } from '../../core/job.ts';

describe('the files of a job', () => {
  const done = sampleJob(nameAt(7), { state: 'completed', finishedAt: secondOfStart + 190_000 });
  const entry = (seq: number, event: JobLogEntry['event'], data: JobLogEntry['data']): JobLogEntry => ({
    seq,
    at: secondOfStart + seq * 10_000,
    level: event === 'error' ? 'error' : 'info',
    event,
    message: `${event} happened.`,
    data,
  });
  const exported = [
    entry(1, 'state', { state: 'planning' }),
    entry(2, 'plan', { tables: 1, units: 1, bytes: 782_447_411 }),
    entry(3, 'object-type', { path: 'SCHEMA_EXPORT/TABLE/TABLE_DATA' }),
    entry(4, 'table', {
      schema: 'HARBOR',
      name: 'BERTHS',
      bytes: 782_447_411,
      rows: 6003632,
      operation: 'exported',
    }),
    entry(5, 'files', { files: ['TIDE02.DMP', 'TIDE01.DMP'] }),
    entry(19, 'state', { state: 'completed' }),
  ];

  async function readLog(shown: Job, entries: readonly JobLogEntry[], later: Job = shown): Promise<string> {
    const made = ordsApiOver({
      findJob: async () => shown,
      getJob: async () => later,
      jobLog: async (_context, _id, afterSeq) => entries.filter(({ seq }) => seq > afterSeq).slice(0, 2),
    });
    const file =
      shown.kind === 'import' ? 'IMPDAT-2026-02-14-09_30_07.LOG' : 'EXPDAT-2026-02-14-09_30_07.LOG';
    const { status, headers, stream } = await call(made, 'getDataPumpJobFile', {
      params: { job: `HARBOR,${shown.name}`, file },
    });
    assert.equal(status, 200);
    assert.equal(headers?.['Content-Type'], 'text/plain; charset=utf-8');
    let text = '';
    for await (const part of stream ?? []) text += part;
    return text;
  }

  it('the log is as published', async () => {
    assert.equal(
      await readLog(done, exported),
      `Starting "HARBOR"."DATAPUMP_REST_EXPORT_20260214093007":
Total estimation using STATISTICS method: 746.2 MB
Processing object type SCHEMA_EXPORT/TABLE/TABLE_DATA
. . exported "HARBOR"."BERTHS"                            746.2 MB 6003632 rows
Master table "HARBOR"."DATAPUMP_REST_EXPORT_20260214093007" successfully loaded/unloaded
******************************************************************************
Dump file set for HARBOR.DATAPUMP_REST_EXPORT_20260214093007 is:
  TIDE01.DMP
  TIDE02.DMP
Job "HARBOR"."DATAPUMP_REST_EXPORT_20260214093007" successfully completed at Sat Feb 14 09:33:17 2026 elapsed 0 00:03:10
`,
    );
  });

  it('the log of a running job is what there is', async () => {
    const running = sampleJob(nameAt(7));
    assert.equal(await readLog(running, []), `Starting "HARBOR"."${nameAt(7)}":\n`);
    const text = await readLog(running, exported.slice(0, 4));
    assert.match(text, /6003632 rows\n$/);
  });

  it('the log of a job that comes to rest meanwhile is whole', async () => {
    assert.equal(await readLog(sampleJob(nameAt(7)), exported, done), await readLog(done, exported));
  });

  it('the last line tells errors, stops and failures', async () => {
    const lastLine = async (changes: Partial<Job>, state: string) => {
      const text = await readLog({ ...done, ...changes }, [entry(19, 'state', { state })]);
      return text.trimEnd().split('\n').at(-1);
    };
    const at = 'at Sat Feb 14 09:33:17 2026 elapsed 0 00:03:10';
    const named = `Job "HARBOR"."${nameAt(7)}"`;
    assert.equal(
      await lastLine({ errorCount: 63 }, 'completed'),
      `${named} completed with 63 error(s) ${at}`,
    );
    assert.equal(await lastLine({ state: 'stopped' }, 'stopped'), `${named} stopped by user request ${at}`);
    const error = { code: 'object-exists', message: 'Table hr.emp\nexists.', hint: 'Drop it.' } as const;
    assert.equal(
      await lastLine({ state: 'failed', error }, 'failed'),
      `${named} stopped due to fatal error ${at}: ORA-31684: Table hr.emp exists. Drop it.`,
    );
  });

  it('the log goes on after a resume, and keeps the earlier end', async () => {
    const text = await readLog(done, [
      entry(1, 'state', { state: 'stopped' }),
      entry(2, 'state', { state: 'queued' }),
      ...exported.slice(3),
    ]);
    assert.deepEqual(text.split('\n').slice(0, 3), [
      `Starting "HARBOR"."${nameAt(7)}":`,
      `Job "HARBOR"."${nameAt(7)}" stopped by user request at Sat Feb 14 09:30:17 2026 elapsed 0 00:00:10`,
      `Restarting "HARBOR"."${nameAt(7)}":`,
    ]);
    assert.match(text, /successfully completed at .*\n$/);
  });

  it('errors carry the numbers that people look for', async () => {
    const text = await readLog(done, [
      entry(1, 'error', { code: 'rows-differ', schema: 'hr', name: 'emp' }),
      entry(2, 'error', { code: 'database-statement', type: 'INDEX', object: 'hr.emp_ix' }),
      entry(3, 'error', { code: 'dump-damaged' }),
    ]);
    assert.deepEqual(text.split('\n').slice(1, 6), [
      'ORA-31693: Table data object "hr"."emp" failed to load/unload and is being skipped due to error:',
      'error happened.',
      'ORA-39083: Object type INDEX:"hr.emp_ix" failed to create with error:',
      'error happened.',
      'error happened.',
    ]);
  });

  it('import logs speak of imports', async () => {
    const imported = { ...done, kind: 'import', name: 'DATAPUMP_REST_IMPORT_20260214093007' } as const;
    const text = await readLog(imported, [
      entry(1, 'plan', { tables: 1, units: 1, bytes: 5 }),
      entry(2, 'table', { schema: 'hr', name: 'emp', bytes: 0, rows: 0, operation: 'imported' }),
    ]);
    assert.match(text, /^Master table "HARBOR"."DATAPUMP_REST_IMPORT_20260214093007" successfully loaded/m);
    assert.match(text, /^\. \. imported "hr"\."emp" +0 KB +0 rows$/m);
  });

  it('dump files come as bytes', async () => {
    const made = ordsApiOver({
      findJob: async () => done,
      openJobFile: async (_context, id, name) => {
        assert.deepEqual([id, name], [done.id, 'TIDE01.DMP']);
        return {
          bytes: 5,
          stream: (async function* () {
            yield new Uint8Array(5);
          })(),
        };
      },
    });
    const { status, headers } = await call(made, 'getDataPumpJobFile', {
      params: { job: `HARBOR,${done.name}`, file: 'TIDE01.DMP' },
    });
    assert.equal(status, 200);
    assert.deepEqual(headers, { 'Content-Type': 'application/vnd.tcpdump.pcap', 'Content-Length': '5' });
  });
});
