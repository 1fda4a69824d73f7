/** For tests: certificates that nobody has reason to trust. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** PEM, for `node:https`. */
export interface Certified {
  key: string;
  cert: string;
}

/** A new key, and its self-signed certificate for `untrusted.test`. */
export function selfSigned(): Certified {
  return new Authority('untrusted.test').own;
}

/** Signs certificates. */
export class Authority {
  readonly own: Certified;
  readonly #name: string;
  readonly #key: KeyObject;

  constructor(name = 'Test authority') {
    const { privateKey, publicKey } = newKeys();
    this.#name = name;
    this.#key = privateKey;
    this.own = { key: pem(privateKey), cert: this.#sign(name, publicKey, true) };
  }

  /** A new key and its certificate, for a server of this host name or a client of this name. */
  issue(name: string): Certified {
    const { privateKey, publicKey } = newKeys();
    return { key: pem(privateKey), cert: this.#sign(name, publicKey, false) };
  }

  #sign(name: string, publicKey: KeyObject, isAuthority: boolean): string {
    const algorithm = der(0x30, der(0x06, Buffer.from('2a8648ce3d040302', 'hex'))); // ECDSA with SHA-256
    const days = ['20000101000000Z', '21000101000000Z'].map((day) => der(0x18, Buffer.from(day)));
    const basicConstraints = der(
      0x30,
      der(0x06, Buffer.from('551d13', 'hex')),
      der(0x04, isAuthority ? der(0x30, der(0x01, Buffer.from([0xff]))) : der(0x30)),
    );
    const content = der(
      0x30,
      der(0xa0, der(0x02, Buffer.from([2]))), // version 3
      der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])), // serial number
      algorithm,
      commonName(this.#name),
      der(0x30, ...days),
      commonName(name),
      publicKey.export({ type: 'spki', format: 'der' }),
      der(0xa3, der(0x30, basicConstraints)),
    );
    const signature = der(0x03, Buffer.from([0]), sign('sha256', content, this.#key));
    const base64 = der(0x30, content, algorithm, signature).toString('base64');
    return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
  }
}

function newKeys() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}

function commonName(name: string): Buffer {
  const value = der(0x30, der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from(name)));
  return der(0x30, der(0x31, value));
}

/** An ASN.1 value as X.509 encodes it: tag, length, content. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const long = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...(length < 0x80 ? [length] : long)]), content]);
}
