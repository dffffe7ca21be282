CREATE TABLE "access_key" ("id" text not null primary key,
  "user_name" text not null references "user_account" ("name") on delete cascade,
  "sealed_secret" text not null,
  "created_at" bigint not null);

CREATE TABLE "api_document" ("database" text not null references "database" ("name") on delete cascade,
  "api" text not null,
  "key" text not null,
  "sealed_body" text not null, constraint "api_document_key" primary key ("database",
  "api",
  "key"));

CREATE TABLE "audit" ("seq" bigint not null primary key,
  "at" bigint not null,
  "caller" text not null,
  "action" text not null,
  "subject" text not null,
  "outcome" text not null,
  "request_id" text not null);

CREATE TABLE "backup" ("id" bigint not null primary key,
  "database" text not null,
  "database_uid" bigint,
  "engine" text not null,
  "tag" text,
  "state" text not null,
  "job_id" text not null unique,
  "location_json" text not null,
  "file_pattern" text,
  "encryption_key" text,
  "keep_forever" integer not null,
  "started_at" bigint not null,
  "completed_at" bigint,
  "bytes" bigint,
  "rows" bigint,
  "position" text,
  "error" text,
  "proofs_json" text not null,
  "deleted_at" bigint,
  "deleted_reason" text, constraint "backup_tag" unique ("database",
  "tag"));

CREATE TABLE "backup_policy" ("database" text not null primary key references "database" ("name") on delete cascade,
  "body_json" text not null);

CREATE TABLE "counter" ("name" text not null primary key,
  "value" bigint not null);

CREATE TABLE "credential" ("name" text not null primary key,
  "owner" text not null,
  "type" text not null,
  "sealed_body" text not null,
  "created_at" bigint not null);

CREATE TABLE "database" ("name" text not null primary key,
  "uid" bigint not null unique,
  "engine" text not null,
  "sealed_target" text not null,
  "description" text not null,
  "created_at" bigint not null,
  "shared" integer default 0 not null);

CREATE TABLE "definition_version" ("item_id" bigint not null references "workspace_item" ("id") on delete cascade,
  "version" bigint not null,
  "content_json" text not null,
  "document_api" text,
  "document_text" text,
  "submitted_by" text not null,
  "submitted_at" bigint not null, constraint "definition_version_number" primary key ("item_id",
  "version"));

CREATE TABLE "directory" ("name" text not null primary key,
  "url" text not null,
  "created_at" bigint not null,
  "credential" text references "credential" ("name"),
  "read_only" integer default 0 not null,
  "shared" integer default 0 not null);

CREATE TABLE "due_run" ("schedule_id" text not null references "schedule" ("id") on delete cascade,
  "planned_at" bigint not null, constraint "due_run_time" primary key ("schedule_id",
  "planned_at"));

CREATE TABLE "event" ("seq" bigint not null primary key,
  "key" text not null unique,
  "at" bigint not null,
  "type" text not null,
  "message" text not null,
  "database" text,
  "job_id" text,
  "data_json" text not null,
  "deliver_at" bigint,
  "attempts" bigint not null,
  "taken_json" text);

CREATE TABLE "instance" ("id" text not null primary key,
  "name" text not null,
  "version" text not null,
  "url" text,
  "started_at" bigint not null,
  "seen_at" bigint not null);

CREATE TABLE "job" ("id" text not null primary key,
  "seq" bigint not null unique,
  "name" text not null,
  "kind" text not null,
  "state" text not null,
  "owner" text not null,
  "database" text not null,
  "api" text not null,
  "api_data_json" text not null,
  "request_json" text not null,
  "idempotency_key" text,
  "idempotency_digest" text,
  "plan_id" text,
  "result_id" text,
  "threads" bigint not null,
  "running" bigint not null,
  "unfinished" bigint not null,
  "bytes_done" bigint not null,
  "bytes_total" bigint not null,
  "rows_done" bigint not null,
  "rows_total" bigint not null,
  "units_done" bigint not null,
  "units_total" bigint not null,
  "error_count" bigint not null,
  "error_json" text,
  "restarts" bigint not null,
  "log_seq" bigint not null,
  "created_at" bigint not null,
  "started_at" bigint,
  "finished_at" bigint,
  "version" bigint not null,
  "held_until" bigint default 0 not null,
  "held_for" text,
  "mail_to_json" text,
  "mail_due_at" bigint,
  "mail_attempts" bigint default 0 not null,
  "parent_id" text,
  "parent_step" text,
  "forgotten" bigint default 0 not null,
  "root_id" text default '' not null,
  "priority" bigint default 0 not null,
  "home" text, constraint "job_name" unique ("database",
  "api",
  "name"), constraint "job_idempotency" unique ("owner",
  "idempotency_key"));

CREATE TABLE "job_document" ("id" text not null primary key,
  "job_id" text not null references "job" ("id") on delete cascade,
  "body_json" text not null);

CREATE TABLE "job_log" ("job_id" text not null references "job" ("id") on delete cascade,
  "seq" bigint not null,
  "at" bigint not null,
  "level" text not null,
  "event" text not null,
  "message" text not null,
  "data_json" text not null, constraint "job_log_seq" primary key ("job_id",
  "seq"));

CREATE TABLE "job_snapshot" ("job_id" text not null references "job" ("id") on delete cascade,
  "token" text not null,
  "seq" bigint not null, constraint "job_snapshot_token" primary key ("job_id",
  "token"));

CREATE TABLE "job_use" ("job_id" text not null references "job" ("id") on delete cascade,
  "position" bigint not null,
  "does" text not null,
  "top" text not null,
  "is_pattern" integer not null,
  "set_json" text not null, constraint "job_use_position" primary key ("job_id",
  "position"));

CREATE TABLE "schedule" ("id" text not null primary key,
  "subject_key" text not null unique,
  "subject_json" text not null,
  "rule_json" text not null,
  "params_json" text not null,
  "owner" text not null,
  "api" text not null,
  "next_at" bigint,
  "last_at" bigint,
  "version" bigint not null);

CREATE TABLE "schema_version" ("version" bigint not null primary key,
  "applied_at" bigint not null);

CREATE TABLE "store_setting" ("name" text not null primary key,
  "value" text not null);

CREATE TABLE "task" ("job_id" text not null references "job" ("id") on delete cascade,
  "key" text not null,
  "kind" text not null,
  "group_name" text not null,
  "state" text not null,
  "payload_json" text not null,
  "waits_for_json" text not null,
  "blockers" bigint not null,
  "bytes" bigint not null,
  "rows" bigint not null,
  "counted" integer not null,
  "bytes_done" bigint not null,
  "rows_done" bigint not null,
  "attempt" bigint not null,
  "claims" bigint not null,
  "token" text,
  "worker_id" text,
  "retry_at" bigint not null,
  "result_json" text,
  "error_json" text,
  "awaits_json" text,
  "claimed_at" bigint, constraint "task_key" primary key ("job_id",
  "key"));

CREATE TABLE "task_group" ("job_id" text not null references "job" ("id") on delete cascade,
  "name" text not null,
  "unfinished" bigint not null,
  "bytes_done" bigint not null,
  "bytes_total" bigint not null,
  "rows_done" bigint not null,
  "units_done" bigint not null,
  "units_total" bigint not null,
  "failed" bigint not null, constraint "task_group_name" primary key ("job_id",
  "name"));

CREATE TABLE "task_wait" ("job_id" text not null references "job" ("id") on delete cascade,
  "group_name" text not null,
  "task_key" text not null, constraint "task_wait_group" primary key ("job_id",
  "group_name",
  "task_key"));

CREATE TABLE "user_account" ("name" text not null primary key,
  "role" text not null,
  "password_hash" text not null,
  "databases_json" text not null,
  "created_at" bigint not null);

CREATE TABLE "workspace" ("id" text not null primary key,
  "name" text not null unique,
  "is_default" integer not null,
  "created_at" bigint not null);

CREATE TABLE "workspace_item" ("id" bigint not null primary key,
  "workspace" text not null references "workspace" ("id"),
  "kind" text not null,
  "name" text not null,
  "content_json" text not null,
  "document_api" text,
  "document_text" text,
  "version" bigint not null,
  "created_by" text not null,
  "created_at" bigint not null,
  "updated_by" text not null,
  "updated_at" bigint not null, constraint "workspace_item_name" unique ("workspace",
  "kind",
  "name"));

CREATE INDEX "access_key_user" on "access_key" ("user_name");

CREATE INDEX "event_delivery" on "event" ("deliver_at") where "deliver_at" is not null;

CREATE INDEX "job_api" on "job" ("api",
  "seq");

CREATE INDEX "job_claim" on "job" ("priority" desc,
  "running",
  "seq") where "finished_at" is null;

CREATE INDEX "job_database" on "job" ("database",
  "seq");

CREATE INDEX "job_document_job" on "job_document" ("job_id");

CREATE INDEX "job_held" on "job" ("held_until") where "held_until" > 0;

CREATE INDEX "job_home" on "job" ("home") where "home" is not null;

CREATE INDEX "job_kind" on "job" ("kind",
  "seq");

CREATE INDEX "job_mail" on "job" ("mail_due_at") where "mail_due_at" is not null;

CREATE INDEX "job_owner" on "job" ("owner",
  "seq");

CREATE UNIQUE INDEX "job_parent" on "job" ("parent_id",
  "parent_step",
  "forgotten");

CREATE INDEX "job_root" on "job" ("root_id");

CREATE INDEX "job_state" on "job" ("state",
  "finished_at");

CREATE INDEX "job_state_seq" on "job" ("state",
  "seq");

CREATE INDEX "job_unfinished" on "job" ("seq") where "finished_at" is null;

CREATE INDEX "job_unfinished_database" on "job" ("database",
  "seq") where "finished_at" is null;

CREATE INDEX "job_unfinished_kind" on "job" ("kind",
  "seq") where "finished_at" is null;

CREATE INDEX "job_use_top" on "job_use" ("top",
  "is_pattern");

CREATE INDEX "schedule_next" on "schedule" ("next_at") where "next_at" is not null;

CREATE INDEX "task_claim" on "task" ("job_id",
  "state",
  "bytes" desc,
  "key");

CREATE INDEX "task_group_member" on "task" ("job_id",
  "group_name",
  "key");

CREATE INDEX "task_retry" on "task" ("retry_at") where "retry_at" > 0;

CREATE INDEX "task_retry_of_job" on "task" ("job_id",
  "retry_at") where "retry_at" > 0;

CREATE INDEX "task_worker" on "task" ("worker_id") where "worker_id" is not null;
