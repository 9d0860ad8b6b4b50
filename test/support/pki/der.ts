/** DER of the few things that test certificates and test messages are made of, by asn1js. */
import * as asn1js from 'asn1js'

type Block = asn1js.Any | asn1js.BaseBlock

const ofBytes = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer

/** Bytes of a block. */
export const toDer = (block: asn1js.BaseBlock): Buffer => Buffer.from(block.toBER())

/** A block of bytes that are DER already. */
export const parsed = (der: Uint8Array): asn1js.BaseBlock => asn1js.fromBER(ofBytes(der)).result as asn1js.BaseBlock

/** SEQUENCE. */
export const sequence = (...value: Block[]): asn1js.Sequence => new asn1js.Sequence({ value: value as never })

/** SET of one value. */
export const setOf = (...value: Block[]): asn1js.Set => new asn1js.Set({ value: value as never })

/** OBJECT IDENTIFIER. */
export const oid = (value: string): asn1js.ObjectIdentifier => new asn1js.ObjectIdentifier({ value })

/** OCTET STRING. */
export const octets = (bytes: Uint8Array): asn1js.OctetString => new asn1js.OctetString({ valueHex: ofBytes(bytes) })

/** BIT STRING without unused bits, or with that many. */
export const bits = (bytes: Uint8Array, unusedBits = 0): asn1js.BitString =>
  new asn1js.BitString({ valueHex: ofBytes(bytes), unusedBits })

/** INTEGER: a number, or the bytes of a positive one whose first bit is 0. */
export const integer = (value: number | Uint8Array): asn1js.Integer =>
  typeof value === 'number' ? new asn1js.Integer({ value }) : new asn1js.Integer({ valueHex: ofBytes(value) })

/** A constructed value under a context tag: `[number] EXPLICIT`. */
export const tagged = (number: number, ...value: Block[]): asn1js.Constructed =>
  new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: number }, value: value as never })

/** A primitive value under a context tag: `[number] IMPLICIT`. */
export const implicit = (number: number, bytes: Uint8Array): asn1js.Primitive =>
  new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber: number }, valueHex: ofBytes(bytes) })

/** UTCTime until 2049, GeneralizedTime after (RFC 5280, 4.1.2.5). */
export const time = (valueDate: Date): asn1js.BaseBlock =>
  valueDate.getUTCFullYear() < 2050 ? new asn1js.UTCTime({ valueDate }) : new asn1js.GeneralizedTime({ valueDate })

/** NULL, TRUE, and the two kinds of text that names are made of. */
export const nothing = (): asn1js.Null => new asn1js.Null()
export const yes = (): asn1js.Boolean => new asn1js.Boolean({ value: true })
export const printable = (value: string): asn1js.PrintableString => new asn1js.PrintableString({ value })
export const utf8 = (value: string): asn1js.Utf8String => new asn1js.Utf8String({ value })
