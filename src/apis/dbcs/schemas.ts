import Type from 'typebox';

const text = Type.String();
const date = Type.String({ pattern: '^\\d\\d-[A-Z][a-z]{2}-\\d{4} \\d\\d:\\d\\d:\\d\\d UTC$' });
const closed = { additionalProperties: false } as const;
const words = <const W extends string>(...allowed: W[]) => Type.Unsafe<W>({ type: 'string', enum: allowed });

export const BackupList = Type.Object(
  {
    backupList: Type.Array(
      Type.Union([
        Type.Object({ backupStartDate: date, status: words('IN PROGRESS', 'FAILED') }, closed),
        Type.Object({ backupCompleteDate: date, dbTag: text, status: words('COMPLETED') }, closed),
      ]),
    ),
  },
  closed,
);

export const RecoveryList = Type.Object(
  {
    recoveryList: Type.Array(
      Type.Object(
        {
          recoveryStartDate: date,
          recoveryCompleteDate: Type.Optional(date),
          status: words('COMPLETED', 'IN PROGRESS', 'FAILED'),
          dbTag: Type.Optional(text),
          latest: Type.Optional(text),
          timestamp: Type.Optional(text),
          scn: Type.Optional(text),
        },
        closed,
      ),
    ),
  },
  closed,
);

export const JobStatus = Type.Object(
  {
    service_name: text,
    identity_domain: text,
    created_by: text,
    creation_time: date,
    last_modified_time: date,
    job_start_date: Type.Optional(date),
    status: words('In Progress', 'Succeeded', 'Failed'),
    job_status: words('In Progress', 'Succeeded', 'Failed'),
    job_operation: words('backup', 'recovery'),
    job_request_parameters: Type.Record(text, text),
    message: text,
    'service-uri': text,
  },
  closed,
);

const activityDate = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}\\+0000$' });
export const Activity = Type.Object(
  {
    activityLogId: text,
    serviceName: text,
    serviceType: words('dbaas'),
    identityDomain: text,
    serviceId: text,
    jobId: Type.Integer({ minimum: 1 }),
    startDate: activityDate,
    endDate: Type.Optional(activityDate),
    status: words('NEW', 'RUNNING', 'SUCCEED', 'FAILED'),
    operationId: Type.Integer({ minimum: 1 }),
    operationType: words('BACKUP', 'RECOVERY'),
    summaryMessage: text,
    authDomain: text,
    authUser: text,
    initiatedBy: words('USER'),
    messages: Type.Array(Type.Object({ activityDate, message: text }, closed)),
  },
  closed,
);
