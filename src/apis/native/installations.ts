import Type, { type Static } from 'typebox';
import { type InstallationReport, installationOutcomes } from '../../service/installation-service.ts';
import type { Service } from '../../service/service.ts';
import type { Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { NameParams, nullable, words } from './schema-parts.ts';

const administrator = {
  admin_url: Type.String({
    description:
      'URL of the database with an administrator of it as user, and without password: a superuser, or one who may make users and owns the database.',
    examples: ['postgres://postgres@db.example.net/shop'],
  }),
  admin_password: Type.Optional(
    Type.String({
      writeOnly: true,
      description: 'Password of the administrator: used for this request, and kept nowhere.',
    }),
  ),
  dry_run: Type.Optional(Type.Boolean({ description: 'Only say what would be done; default false.' })),
};

const Administrator = Type.Object(administrator, { $id: 'Administrator', additionalProperties: false });

const Install = Type.Object(
  {
    ...administrator,
    user: Type.Optional(
      Type.String({
        description: 'User that jobs work as; default `pumphouse_` and the name of the database.',
      }),
    ),
    user_password: Type.Optional(
      Type.String({
        writeOnly: true,
        description:
          'Password of that user, sealed at rest; default: a strong one is made. With it a user that is there already is taken over.',
      }),
    ),
    read_only: Type.Optional(Type.Boolean({ description: 'For exports alone; default false.' })),
    schemas: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Schemas that imports may go into; default: any, also new ones.',
      }),
    ),
    owners: Type.Optional(
      Type.Array(Type.String(), {
        description:
          'Roles that imports may give things to, besides those who own something in the database.',
      }),
    ),
  },
  { $id: 'Install', additionalProperties: false },
);

const Installation = Type.Object(
  {
    outcome: words(installationOutcomes, 'What became of it; planned: nothing was done, as asked.'),
    database: Type.String({ description: 'Name of the registered database.' }),
    engine: Type.String({ description: 'Engine of the database.' }),
    server_version: Type.String({ description: 'Version as the server spells it.' }),
    user: Type.String({ description: 'User that jobs work as.' }),
    from: nullable(Type.Integer({ description: 'Version of the installation that was there; null: none.' })),
    to: Type.Integer({ description: 'Version of installations that this service makes.' }),
    settings: Type.Array(
      Type.Object({
        setting: Type.String({ examples: ['db.username'] }),
        value: nullable(Type.String({ description: 'Null: it is secret.' })),
        place: words(
          ['store', 'target'],
          'Where it is kept: in the store, sealed, or at the database server.',
        ),
      }),
      { description: 'What was set for jobs; empty: nothing.' },
    ),
    changes: Type.Array(
      Type.Object({
        title: Type.String({ description: 'What it does, in a few words.' }),
        statement: Type.String({ description: 'The statement or command; passwords are `[secret]`.' }),
      }),
      { description: 'What was done at the database server, in order; of planned ones what would be.' },
    ),
    notes: Type.Array(Type.String(), {
      description: 'What jobs will not be able to do, and what to do about it.',
    }),
  },
  {
    $id: 'Installation',
    description: 'The user that jobs work as in a database, made by an administrator of it.',
  },
);

const view = ({ serverVersion, ...report }: InstallationReport): Static<typeof Installation> => ({
  ...report,
  server_version: serverVersion,
  settings: report.settings.map((each) => ({ ...each })),
  changes: report.changes.map(({ title, statement }) => ({ title, statement })),
  notes: [...report.notes],
});

/** The user of a database's jobs. */
export function installationRoutes(service: Service): readonly Route[] {
  const common = {
    method: 'POST',
    tags: ['databases'],
    access: 'authenticated',
    params: NameParams,
    responses: { 200: { description: 'Done.', schema: Installation } },
  } as const;
  const asked = (name: unknown, body: Static<typeof Administrator>) => ({
    name: name as string,
    adminUrl: body.admin_url,
    ...(body.admin_password === undefined ? {} : { adminPassword: body.admin_password }),
    ...(body.dry_run === undefined ? {} : { dryRun: body.dry_run }),
  });
  return [
    {
      ...common,
      path: '/databases/:name/install',
      operationId: 'installDatabase',
      summary: 'Make the user that jobs work as, and register the database with it',
      description: 'Can be repeated: what is there is left as it is, what is missing is added.',
      body: Install,
      async handle(request) {
        const body = request.body as Static<typeof Install>;
        const { user, user_password: userPassword, read_only: readOnly, schemas, owners } = body;
        const report = await service.installDatabase(callContext(request), {
          ...asked(request.params.name, body),
          ...(user === undefined ? {} : { user }),
          ...(userPassword === undefined ? {} : { userPassword }),
          ...(readOnly === undefined ? {} : { readOnly }),
          ...(schemas === undefined ? {} : { schemas }),
          ...(owners === undefined ? {} : { owners }),
        });
        return { status: 200, body: view(report) };
      },
    },
    {
      ...common,
      path: '/databases/:name/repair',
      operationId: 'repairDatabase',
      summary: 'Put the rights and the password of that user right',
      body: Administrator,
      async handle(request) {
        const input = asked(request.params.name, request.body as Static<typeof Administrator>);
        return { status: 200, body: view(await service.repairDatabase(callContext(request), input)) };
      },
    },
    {
      ...common,
      path: '/databases/:name/uninstall',
      operationId: 'uninstallDatabase',
      summary: 'Remove that user and forget the database; its data stays',
      body: Administrator,
      async handle(request) {
        const input = asked(request.params.name, request.body as Static<typeof Administrator>);
        return { status: 200, body: view(await service.uninstallDatabase(callContext(request), input)) };
      },
    },
  ];
}
