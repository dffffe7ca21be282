import Type from 'typebox';
import { destinationSchema, sourceSchema } from './location-schema.ts';

const text = Type.String();
const closed = { additionalProperties: false } as const;

export const exportBody = Type.Object(
  {
    export_location: destinationSchema,
    email_notification: Type.Optional(Type.Boolean({ description: 'Mail when it has ended.' })),
  },
  { $id: 'ExportRequest', ...closed },
);
export const importBody = Type.Object(
  {
    dataset_import_sources: Type.Optional(Type.Array(sourceSchema)),
    email_notification: Type.Optional(Type.Boolean({ description: 'Mail when it has ended.' })),
  },
  { $id: 'ImportRequest', ...closed },
);
export const validateBody = Type.Object(
  { backup_location: destinationSchema },
  { $id: 'ValidateLocationRequest', ...closed },
);
export const startedBody = Type.Object(
  { action_uid: Type.String({ description: 'For /v2/actions/{action_uid}.' }) },
  { $id: 'Started', ...closed },
);
export const emptyBody = Type.Object({}, closed);

const ttl = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: 86_400,
    description: 'Seconds that the token is good for; default 300.',
  }),
);
export const authorizeBody = Type.Object(
  { username: Type.Optional(text), password: Type.Optional(text), ttl },
  { $id: 'AuthorizeRequest', ...closed },
);
export const refreshBody = Type.Object({ ttl }, { $id: 'RefreshRequest', ...closed });
export const tokenBody = Type.Object(
  { access_token: Type.String({ description: 'For Authorization: JWT <token>.' }) },
  { $id: 'Token', ...closed },
);
export const permissionsBody = Type.Record(
  text,
  Type.Object({ api_permissions: Type.Array(text), ui_permissions: Type.Array(text) }),
  { description: 'By role.' },
);

export const actionBody = Type.Object(
  {
    action_uid: text,
    action_type: Type.Literal('other'),
    name: text,
    creation_time: Type.Integer({ description: 'Seconds since 1970.' }),
    progress: Type.Number({ minimum: 0, maximum: 100 }),
    status: Type.Union(['queued', 'running', 'completed', 'failed'].map((word) => Type.Literal(word))),
    additional_info: Type.Optional(
      Type.Object(
        {
          description: Type.Optional(text),
          error: Type.Optional(text),
          object_type: Type.Optional(text),
          object_uid: Type.Optional(text),
          pending_ops: Type.Optional(Type.Record(text, Type.Object({}, { additionalProperties: true }))),
        },
        closed,
      ),
    ),
  },
  { $id: 'Action', ...closed },
);

export const oldActionBody = Type.Object(
  {
    action_uid: text,
    task_id: text,
    name: text,
    node_uid: text,
    creation_time: Type.String({ description: 'Seconds since 1970.' }),
    progress: Type.String({ description: 'Percent.' }),
    status: Type.Union(['pending', 'active', 'completed', 'failed'].map((word) => Type.Literal(word))),
    state: text,
    object_name: Type.Optional(Type.String({ description: 'bdb:7' })),
    error_code: Type.Optional(text),
    error_message: Type.Optional(text),
  },
  { $id: 'ActionV1', ...closed },
);
export const oldActionsBody = Type.Object(
  { actions: Type.Array(oldActionBody), 'state-machines': Type.Array(oldActionBody) },
  { $id: 'ActionsV1', ...closed },
);

export const eventBody = Type.Object(
  {
    time: text,
    type: Type.String({ description: 'export_started, export_succeeded, export_failed; so import_.' }),
    severity: text,
    bdb_uid: Type.Optional(text),
    description: Type.Optional(text),
    error: Type.Optional(text),
  },
  { $id: 'Event', ...closed },
);

export const shardBody = Type.Object(
  {
    uid: text,
    bdb_uid: Type.Integer(),
    node_uid: text,
    role: text,
    assigned_slots: text,
    status: text,
    detailed_status: text,
    loading: Type.Object({ progress: Type.Number(), status: text }),
    backup: Type.Object({ progress: Type.Number(), status: text }),
    redis_info: Type.Object({}),
    report_timestamp: text,
  },
  { $id: 'Shard', ...closed },
);
export const capabilitiesBody = Type.Object(
  { all_capabilities: Type.Array(Type.Object({ name: text, desc: text })) },
  { $id: 'ModuleCapabilities', ...closed },
);
