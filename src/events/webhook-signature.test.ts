import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../base/secret.ts';
import { signWebhook } from './webhook-signature.ts';

test('the test vector of the Standard Webhooks', () => {
  const secret = new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  assert.equal(
    signWebhook(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}'),
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  );
});

test('a secret of any other form is the key itself; id, time and body are all signed', () => {
  const secret = new Secret('harbour Lantern ü');
  const signed = signWebhook(secret, 'event-1', 1000, '{}');
  assert.match(signed, /^v1,[A-Za-z0-9+/]{43}=$/);
  const others = [
    signWebhook(new Secret('harbour Lantern u'), 'event-1', 1000, '{}'),
    signWebhook(secret, 'event-2', 1000, '{}'),
    signWebhook(secret, 'event-1', 1001, '{}'),
    signWebhook(secret, 'event-1', 1000, '{ }'),
  ];
  assert.equal(new Set([signed, ...others]).size, 5);
});
