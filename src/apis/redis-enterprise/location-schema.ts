import Type, { type TSchema } from 'typebox';
import { destinationFields, type LocationFields, locationTypes, sourceFields } from './location-fields.ts';

const fieldHelp: Readonly<Record<string, string>> = {
  url: 'ftp://[user:password@]host[:port]/path/, or ftps; of a source the address of its file, http and https too.',
  sftp_url: 'sftp://user[:password]@host[:port]/path/',
  key: 'A private SSH key without passphrase, instead of the password.',
  host_key: 'Ours: the fingerprint that the SSH server must show, SHA256:...',
  endpoint_url: "Ours: where the storage is, when not at the vendor's own address.",
  subdir: 'A folder in the bucket or container.',
  filename: 'The name of the file, with its extension.',
  path: 'Within a directory that is registered with the service.',
  private_key: 'In PEM, with real line breaks.',
  account_key: 'This or sas_token.',
  sas_token: 'This or account_key.',
};

const locationOf = (type: string, { required, optional }: LocationFields): TSchema => {
  const text = (name: string): TSchema =>
    Type.String(fieldHelp[name] === undefined ? {} : { description: fieldHelp[name] });
  return Type.Object(
    {
      type: Type.Literal(type),
      ...Object.fromEntries(required.map((name) => [name, text(name)])),
      ...Object.fromEntries(optional.map((name) => [name, Type.Optional(text(name))])),
    },
    { additionalProperties: false },
  );
};

/** Where an export goes. */
export const destinationSchema = Type.Union(
  locationTypes.map((type) => locationOf(type, destinationFields[type])),
  { $id: 'Location', description: 'A folder: never the name of a file.' },
);

/** A file of an import. */
export const sourceSchema = Type.Union(
  locationTypes.map((type) => locationOf(type, sourceFields(type))),
  { $id: 'Source', description: 'A file to import.' },
);
