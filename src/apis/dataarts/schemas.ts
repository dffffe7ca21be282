import Type, { type TObject, type TProperties, type TSchema } from 'typebox';

/*
 * What the description says of bodies and answers. Bodies are read by decoders, since the contract answers for what is wrong in words of
 * its own and lets members pass that it does not know.
 */

const text = (description: string): TSchema => Type.String({ description });
const whole = (description: string): TSchema => Type.Integer({ description });
const time = (description: string): TSchema => whole(`${description} Milliseconds since 1970.`);
const optional = (schema: TSchema): TSchema => Type.Optional(schema);
const word = (...words: readonly string[]): TSchema => Type.Union(words.map((each) => Type.Literal(each)));
const open = (properties: TProperties, more: object = {}): TObject =>
  Type.Object(properties, { additionalProperties: true, ...more });
const anything = open({});

const key = (names: Readonly<Record<string, string>>): TObject =>
  Type.Object({
    project_id: text('32 hexadecimal digits.'),
    ...Object.fromEntries(Object.entries(names).map(([name, description]) => [name, text(description)])),
  });
export const jobKey = key({ job_name: 'Name of the job.' });
export const instanceKey = key({ job_name: 'Name of the job.', instance_id: 'Number of the run.' });
export const scriptKey = key({ script_name: 'Name of the script.' });
export const scriptInstanceKey = key({
  script_name: 'Name of the script.',
  instance_id: 'Number of the run.',
});
export const resourceKey = key({ resource_id: '32 hexadecimal digits.' });
export const connectionKey = key({ connection_name: 'Name of the connection.' });
export const taskKey = key({ task_id: '32 hexadecimal digits.' });

const page = {
  offset: optional(whole('Records left out at the beginning; default 0.')),
  limit: optional(whole('Records at most; default 10.')),
};
export const listQuery = Type.Object({ ...page });
export const versionQuery = Type.Object({
  version: optional(whole('A submitted version; default the draft.')),
});
export const jobListQuery = Type.Object({
  jobType: optional(word('BATCH', 'REAL_TIME')),
  jobName: optional(text('Part of the name.')),
  tags: optional(text('Tags with commas between; one of them is enough.')),
  ...page,
});
export const instanceListQuery = Type.Object({
  jobName: optional(text('Part of the name of the job.')),
  preciseQuery: optional(Type.Boolean({ description: 'jobName is the whole name.' })),
  minPlanTime: optional(time('Not before.')),
  maxPlanTime: optional(time('Not after; at most 3 days later.')),
  status: optional(text('success, fail, ...')),
  instanceType: optional(whole('0 scheduled, 2 by hand, 7 once.')),
  ...page,
});

export const jobBody = open(
  {
    name: text('Letters, digits, _, . and -; at most 128.'),
    nodes: Type.Array(anything),
    schedule: anything,
    processType: optional(word('BATCH', 'REAL_TIME')),
    params: optional(Type.Array(anything)),
    targetStatus: optional(word('SAVED', 'SUBMITTED', 'PRODUCTION')),
  },
  { $id: 'Job', description: 'Members that are not known here are kept.' },
);
export const jobListBody = open({ total: whole('All that fit.'), jobs: Type.Array(anything) });
export const jobStatusBody = open({ name: text('Of the job.'), status: text('SCHEDULING or STOPPED.') });
export const startBody = open({
  jobParams: optional(Type.Array(anything)),
  start_date: optional(whole('20260214')),
});
export const runImmediateBody = open({ jobParams: optional(Type.Array(anything)) });
export const runStartedBody = open({ instanceId: whole('Number of the run.') });

const instance = {
  instanceId: whole('Number of the run.'),
  jobName: text('Of the job.'),
  status: text('waiting, running, success, fail, ...'),
};
export const instanceListBody = open({
  total: whole('All that fit.'),
  instances: Type.Array(open(instance)),
});
export const instanceBody = open({ ...instance, total: whole('Nodes.'), nodes: Type.Array(anything) });
export const restartBody = open({
  retry_location: optional(word('error_node', 'first_node', 'specified_node')),
});

export const scriptBody = open(
  {
    name: text('Letters, digits, _, . and -; at most 128.'),
    type: text('RDSSQL, DWSSQL, ...'),
    content: text('At most 4 MB.'),
    connectionName: optional(text('Of a connection.')),
  },
  { $id: 'Script' },
);
export const scriptListBody = open({ total: whole('All that fit.'), scripts: Type.Array(anything) });
export const executeBody = open({ params: optional(Type.Record(Type.String(), Type.String())) });
export const scriptStartedBody = open({ instanceId: text('Number of the run.') });
export const scriptInstanceBody = open({ status: word('LAUNCHING', 'RUNNING', 'FINISHED', 'FAILED') });

export const resourceBody = open(
  {
    name: text('At most 32 letters, digits, _, . and -.'),
    type: text('archive, file, jar or pyFile.'),
    location: text('obs://bucket/file'),
    desc: optional(text('At most 255 letters.')),
  },
  { $id: 'Resource' },
);
export const resourceCreatedBody = open({ resourceId: text('32 hexadecimal digits.') });
export const resourceListBody = open({ total: whole('All that fit.'), resources: Type.Array(anything) });

export const connectionBody = open(
  { name: text('Of the connection.'), database: optional(text('A registered database.')) },
  { $id: 'Connection' },
);
export const connectionListBody = open({ total: whole('All that fit.'), connections: Type.Array(anything) });

const exportMembers = {
  exportDepend: optional(Type.Boolean({ description: 'With scripts and resources; default true.' })),
  exportStatus: optional(word('DEVELOP', 'SUBMIT')),
  obsPath: optional(text('obs://bucket/folder/, or another storage URL.')),
  credential: optional(text('Of the caller, for obsPath. An extension.')),
};
export const exportBody = open(exportMembers, { $id: 'ExportRequest' });
export const batchExportBody = open({ jobList: Type.Array(Type.String()), ...exportMembers });
export const exportedBody = open({ obsPath: text('The folder that the zip lies in.') });

const fileMembers = {
  path: text('obs://bucket/folder/file.zip, or another storage URL.'),
  credential: optional(text('Of the caller, for path. An extension.')),
};
const policy = { sameNamePolicy: optional(word('SKIP', 'OVERWRITE')) };
export const checkFileBody = open(fileMembers);
export const checkedFileBody = open({ jobs: Type.Array(anything), scripts: Type.Array(anything) });
export const importBody = open(
  {
    ...fileMembers,
    ...policy,
    params: optional(Type.Record(Type.String(), Type.String())),
    jobsParam: optional(Type.Array(anything)),
    targetStatus: optional(word('SAVED', 'SUBMITTED', 'PRODUCTION')),
  },
  { $id: 'ImportRequest' },
);
export const importConnectionsBody = open({ ...fileMembers, ...policy });
export const taskStartedBody = open({ taskId: text('32 hexadecimal digits.') });
export const taskBody = open(
  {
    id: text('32 hexadecimal digits.'),
    status: word('RUNNING', 'SUCCESSFUL', 'FAILED'),
    message: text('Why it failed.'),
    subtasks: Type.Array(anything),
  },
  { $id: 'Task' },
);

export const tokenRequestBody = open({ auth: anything });
export const tokenBody = open({ token: anything });
