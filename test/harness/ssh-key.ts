import ssh2 from 'ssh2';

/** A new pair of keys as OpenSSH writes them. Of what the library makes, it cannot read one in two hundred itself. */
export function makeSshKey(): { readonly private: string; readonly public: string } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519');
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}
