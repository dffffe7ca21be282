import type { RedisServer } from '../../test/harness/redis-server.ts';

/** Keys that a script makes at once: longer, and the server would not answer for seconds. */
const keysAtOnce = 20_000;
/** Of the data below, for a megabyte of the server's memory. */
const keysPerMegabyte = 2600;
/** For each of the many keys, how many there are of the large ones. */
const largeEvery = 150_000;

/**
 * What a hundred keys are: 10 counters, 40 sessions as JSON with a time to live, 20 hashes, and 10 each of lists, sets and sorted sets. The
 * server makes them itself: deterministic, no files.
 */
const small = `
for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local kind, id = i % 100, redis.sha1hex(i)
  if kind < 10 then
    redis.call('SET', 'counter:' .. i, i * 7919)
  elseif kind < 50 then
    redis.call('SET', 'session:' .. id, '{"user":' .. i .. ',"name":"user ' .. i .. '","token":"' .. id .. redis.sha1hex(id) ..
      '","roles":["reader","writer"],"cart":{"items":' .. i % 13 .. ',"currency":"EUR"}}', 'PXAT', 4102444800000 + i * 7)
  elseif kind < 70 then
    redis.call('HSET', 'user:' .. i, 'name', 'user ' .. i, 'mail', id .. '@example.com', 'age', i % 90, 'city', 'city ' .. i % 500, 'score', i / 7)
  elseif kind < 80 then
    for n = 1, 8 do redis.call('RPUSH', 'queue:' .. i, 'job ' .. n .. ' ' .. id) end
  elseif kind < 90 then
    for n = 1, 8 do redis.call('SADD', 'tags:' .. i, 'tag ' .. (i * n) % 10007) end
  else
    for n = 1, 8 do redis.call('ZADD', 'board:' .. i, (i * n) % 9973 / 10, 'player ' .. i + n) end
  end
end`;

/** A hash of 10,000 fields, a sorted set of 20,000 members, and five streams of 1,000 entries with a group. */
const large = `
for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  for n = 1, 10000 do redis.call('HSET', 'large:hash:' .. i, 'field ' .. n, redis.sha1hex(i .. n)) end
  for n = 1, 20000 do redis.call('ZADD', 'large:board:' .. i, n * 1.5, 'player ' .. n) end
  for s = 1, 5 do
    local key = 'large:stream:' .. i .. ':' .. s
    for n = 1, 1000 do redis.call('XADD', key, n .. '-1', 'sensor', 's' .. n % 10, 'value', n / 3) end
    redis.call('XGROUP', 'CREATE', key, 'readers', '0')
    redis.call('XREADGROUP', 'GROUP', 'readers', 'first', 'COUNT', 100, 'STREAMS', key, '>')
  end
end`;

/** Fills the server with about `sizeMb` megabytes of its memory; the number of keys. */
export async function fill(server: RedisServer, sizeMb: number): Promise<number> {
  const keys = sizeMb * keysPerMegabyte;
  for (let from = 1; from <= keys; from += keysAtOnce)
    await server.call('EVAL', small, 0, from, Math.min(from + keysAtOnce - 1, keys));
  for (let at = 1; at <= Math.ceil(keys / largeEvery); at += 1) await server.call('EVAL', large, 0, at, at);
  return Number(await server.call('DBSIZE'));
}
