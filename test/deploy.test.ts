import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { options } from '../src/config/options.ts';

/* What deploy/ says twice, or again after package.json and the options; NGINX reads its configuration in test/e2e/proxy-links.http.test.ts. */

const read = (name: string): string => readFileSync(path.resolve(import.meta.dirname, '..', name), 'utf8');
const found = (text: string, pattern: RegExp): string =>
  pattern.exec(text)?.[1] ?? assert.fail(`no ${pattern}`);

const image = read('deploy/Dockerfile');
const compose = read('deploy/compose.yaml');
const unit = read('deploy/pumphouse.service');
const nginx = read('deploy/nginx.conf');
const ownPorts = read('deploy/own-ports.conf');

test('the image has the release of Node that the development packages pin', () => {
  const pinned = JSON.parse(read('package.json')).devDependencies.node as string;
  assert.equal(found(image, /^FROM node:(\d+)-/m), pinned.split('.')[0]);
});

test('every setting in the environment is an option', () => {
  const known = new Set(Object.values(options).flatMap(({ env }) => [env, `${env}_FILE`]));
  for (const text of [image, compose, unit]) {
    for (const [name] of text.matchAll(/\bPUMPHOUSE_[A-Z_]+\b/g)) assert.ok(known.has(name), name);
  }
});

test('whoever ends the service waits longer than it takes to end in order', () => {
  const grace = Number(found(compose, /PUMPHOUSE_SHUTDOWN_GRACE: "(\d+)"/));
  assert.ok(Number(found(compose, /stop_grace_period: (\d+)s/)) > grace);
  const usual = options.shutdownGraceSeconds.initial() + options.drainDelaySeconds.initial();
  assert.ok(Number(found(unit, /^TimeoutStopSec=(\d+)$/m)) > usual);
});

test('NGINX has every instance of the compose file in each of its upstreams, and the ports that they listen on', () => {
  const instances = [...compose.matchAll(/^ {2}(pumphouse-\d+):$/gm)].map(([, name]) => name);
  assert.equal(instances.length, 3);
  const ports = ['PUMPHOUSE_REDIS_ENTERPRISE_PORT', 'PUMPHOUSE_DBCS_PORT'].map((name) =>
    found(compose, new RegExp(`${name}: "(\\d+)"`)),
  );
  for (const port of [String(options.port.initial()), ...ports]) {
    const servers = [...(nginx + ownPorts).matchAll(new RegExp(`server (pumphouse-\\d+):${port} `, 'g'))];
    assert.deepEqual(
      servers.map(([, name]) => name),
      instances,
      port,
    );
  }
});

test('the address of NGINX is the one that the instances trust', () => {
  const trusted = found(compose, /PUMPHOUSE_TRUSTED_PROXIES: (\S+)/);
  assert.equal(found(compose.slice(compose.indexOf('\n  nginx:')), /ipv4_address: (\S+)/), trusted);
});
