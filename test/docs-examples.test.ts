import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { Compile } from 'typebox/compile';
import type { ApiRequest } from '../src/apis/api.ts';
import { NewJob } from '../src/apis/native/new-job.ts';
import { startJob } from '../src/apis/native/start-job.ts';
import { decodeStart } from '../src/apis/ords/start-request.ts';
import { localAdministrator } from '../src/core/permission.ts';
import type { Service } from '../src/service/service.ts';
import { requestOf } from './harness/example-command.ts';

/* The examples of docs/guides/choosing-and-changing.md say the same on the command line, in the native API and in ORDS. */

interface Example {
  readonly command: string;
  readonly native: Readonly<Record<string, unknown>>;
  readonly ords: Readonly<Record<string, unknown>>;
}
type Body = Readonly<Record<string, unknown>>;

const page = await readFile(new URL('../docs/guides/choosing-and-changing.md', import.meta.url), 'utf8');
const row = (door: string): string => `\\| ${door} \\| \`(.*)\` \\|\n`;
const examples: readonly Example[] = [
  ...page.matchAll(new RegExp(row('command line') + row('native API') + row('ORDS'), 'g')),
].map(([, command = '', native = '', ords = '']) => ({
  command,
  native: JSON.parse(native) as Body,
  ords: JSON.parse(ords) as Body,
}));

/** What the native API asks the service for. */
async function nativeInput(body: Body): Promise<Body> {
  const asked: Body[] = [];
  const take = async (_context: unknown, input: unknown) => {
    asked.push(input as Body);
    return { job: {}, created: true };
  };
  const service = { startExport: take, startImport: take } as unknown as Service;
  await startJob(service, { caller: localAdministrator, headers: {}, body } as unknown as ApiRequest);
  return asked[0] as Body;
}

/** Without what is not about the example: where, and what the command line selects by default. */
const optionsOf = ({
  kind: _kind,
  mode: _mode,
  database: _database,
  directory: _directory,
  location: _location,
  file_pattern: _file,
  filePattern: _filePattern,
  ...options
}: Body): Body => options;

const withoutEmpty = (input: Body): Body =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => !Array.isArray(value) || value.length > 0));

describe('the examples of choosing-and-changing.md', () => {
  const validator = Compile(NewJob);

  it('are there for every option', () => {
    const shown = new Set(examples.flatMap(({ native }) => Object.keys(native)));
    const where = ['directory', 'location', 'credential'].flatMap((name) => [name, `to_${name}`]);
    const place = ['database', 'target', ...where, 'file_pattern', 'threads', 'priority', 'mail', 'kind'];
    const selection = ['mode', 'name_expressions', 'schema_expressions', 'tablespace_expressions'];
    const moves: readonly string[] = ['export', 'import', 'copy'];
    const options = new Set(
      NewJob.anyOf
        .filter(({ properties }) => moves.includes(properties.kind.const))
        .flatMap(({ properties }) => Object.keys(properties)),
    );
    for (const known of [...place, ...selection]) options.delete(known);
    assert.deepEqual([...shown].sort(), [...options].sort());
  });

  for (const { command, native, ords } of examples) {
    it(command, async () => {
      const { body } = await requestOf(command);
      assert.deepEqual(optionsOf(body), native);
      assert.ok(validator.Check(body), JSON.stringify(validator.Errors(body)));

      const operation = body.kind === 'import' ? 'IMPORT' : 'EXPORT';
      const file = operation === 'IMPORT' ? { file_name: 'SHOP%U.DMP' } : {};
      const { input } = decodeStart(operation, { ...file, ...ords }, { database: 'shop', alias: null });
      const samples = (given: Body): Body =>
        given.samples === undefined
          ? given
          : {
              ...given,
              samples: (given.samples as readonly Body[]).map((sample) => ({ table: null, ...sample })),
            };
      assert.deepEqual(
        withoutEmpty(optionsOf(input as unknown as Body)),
        samples(optionsOf(await nativeInput(body))),
      );
    });
  }
});
