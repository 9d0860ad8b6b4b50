/** Master lists and LDIF files as ICAO's public key directory hands them out, and as it should not. */
import type { X509Certificate } from 'node:crypto'
import { type CmsOptions, makeCms } from '../pki/cms.ts'
import { integer, parsed, sequence, setOf, toDer } from '../pki/der.ts'
import type { PkiKey } from '../pki/pki.ts'

/** Content of a master list: `SEQUENCE { version, SET OF Certificate }`. */
export const masterListContent = (...certificates: Uint8Array[]): Buffer =>
  toDer(sequence(integer(0), setOf(...certificates.map(parsed))))

/** A master list, with the signer's certificate and the list's own. */
export function masterList(content: Uint8Array, signer: PkiKey, options: CmsOptions = {}): Buffer {
  return makeCms(content, signer, { contentType: '2.23.136.1.1.2', ...options })
}

/** A line of base64 as LDIF folds it. */
export function folded(attribute: string, bytes: Uint8Array): string {
  const text = `${attribute}:: ${Buffer.from(bytes).toString('base64')}`
  return [text.slice(0, 76), ...(text.slice(76).match(/.{1,75}/g) ?? [])].join('\n ')
}

/** An entry of a directory for a certificate, below its country. */
export const entryOf = (certificate: X509Certificate, country: string, attribute = 'userCertificate;binary'): string =>
  [
    `dn: cn=x,o=dsc,c=${country},dc=data,dc=download,dc=pkd,dc=icao,dc=int`,
    'objectClass: inetOrgPerson',
    folded(attribute, certificate.raw),
  ].join('\n')
