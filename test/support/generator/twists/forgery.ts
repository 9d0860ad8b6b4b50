import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { goodPayload } from '../documents.ts'
import { base45, type Draft, numeric, writeCredential } from '../draft.ts'
import type { Random } from '../random.ts'
import { copy, isFields, set, writeCbor, writeJson } from '../tree.ts'
import { flip, rewrite, tamper } from './changes.ts'
import { cardKinds, hcertKinds, kindsWhere, sealKinds, twistGroup } from './twist.ts'

const anyKind = kindsWhere(() => true)

/** Bytes that change after signing, and signatures that are none. */
export const forgeryTwists = [
  ...twistGroup('changed after signing', anyKind, [
    ['a bit of the payload', 'any', tamper((parts, _, random) => flip(parts.payload, random))],
    ['a bit of the signature', 'any', tamper((parts, _, random) => flip(parts.signature, random))],
    ['signature of zeros', 'refuse', tamper((parts) => void parts.signature.fill(0))],
    [
      'signature empty',
      'refuse',
      tamper((parts) => {
        parts.signature = Buffer.alloc(0)
      }),
    ],
    [
      'signature short of a byte',
      'refuse',
      tamper((parts) => {
        parts.signature = parts.signature.subarray(1)
      }),
    ],
    [
      'signature with a byte more',
      'refuse',
      tamper((parts) => {
        parts.signature = Buffer.concat([parts.signature, Buffer.of(0)])
      }),
    ],
    [
      'signature in DER',
      'refuse',
      tamper((parts) => {
        parts.signature = Buffer.concat([
          Buffer.of(0x30, 0x44, 2, 0x20),
          parts.signature.subarray(0, 32),
          Buffer.of(2, 0x20),
          parts.signature.subarray(32),
        ])
      }),
    ],
    [
      'a character of the text',
      'any',
      rewrite((text, random) => {
        const at = 5 + random.below(text.length - 5)
        return text.slice(0, at) + (text[at] === '7' ? '8' : '7') + text.slice(at + 1)
      }),
    ],
    [
      'two characters exchanged',
      'any',
      rewrite((text, random) => {
        const at = 6 + random.below(text.length - 8)
        return text.slice(0, at) + text[at + 1] + text[at] + text.slice(at + 2)
      }),
    ],
    ['cut off', 'refuse', rewrite((text, random) => text.slice(0, 5 + random.below(text.length - 6)))],
    ['twice', 'refuse', rewrite((text) => text + text)],
    [
      'another name',
      'refuse',
      tamper((parts, draft) => {
        parts.payload = otherPayload(draft)
      }),
    ],
    ['spliced with another certificate', 'any', splice],
    ['prefix in other letters', 'any', rewrite((text) => text.replace(/^HC1/, 'hc1').replace(/^shc/, 'SHC'))],
    ['a blank before it', 'any', rewrite((text) => ` ${text}`)],
    ['a byte order mark before it', 'refuse', rewrite((text) => `\ufeff${text}`)],
    ['a line end behind it', 'accept', rewrite((text) => `${text}\r\n`)],
    ['a zero byte behind it', 'refuse', rewrite((text) => `${text}\u0000`)],
    ['no text at all behind the prefix', 'refuse', rewrite((text) => text.slice(0, 5))],
  ]),
  ...twistGroup('changed after signing', hcertKinds, [
    ['a bit of the header', 'any', tamper((parts, _, random) => flip(parts.head, random))],
    [
      'written anew in another order',
      'refuse',
      tamper((parts, draft) => {
        const own = copy(draft.payload)
        if (isFields(own)) own.fields.reverse()
        parts.payload = writeCbor(own)
      }),
    ],
    [
      'written anew with another encoding',
      'refuse',
      tamper((parts, draft) => {
        parts.payload = writeCbor({ indefinite: draft.payload })
      }),
    ],
    [
      'without compression',
      'refuse',
      (draft) => {
        draft.compress = (bytes) => bytes
      },
    ],
    [
      'gzip',
      'refuse',
      (draft) => {
        draft.compress = (bytes) => gzipSync(bytes)
      },
    ],
    [
      'raw deflate',
      'refuse',
      (draft) => {
        draft.compress = (bytes) => deflateRawSync(bytes)
      },
    ],
    [
      'compressed twice',
      'refuse',
      (draft) => {
        draft.compress = (bytes) => deflateSync(deflateSync(bytes))
      },
    ],
    [
      'a checksum that is wrong',
      'refuse',
      (draft) => {
        draft.compress = (bytes) => {
          const made = deflateSync(bytes)
          flip(made.subarray(-4), { below: () => 0 } as unknown as Random)
          return made
        }
      },
    ],
    [
      'half a megabyte of zeros',
      'refuse',
      (draft) => {
        draft.trailing = Buffer.alloc(500_000)
      },
    ],
    [
      'bytes behind the compressed ones',
      'any',
      (draft) => {
        draft.compress = (bytes) => Buffer.concat([deflateSync(bytes), Buffer.from('tail')])
      },
    ],
    ['base45 in small letters', 'refuse', rewrite((text) => `HC1:${text.slice(4).toLowerCase()}`)],
    ['a character outside base45', 'refuse', rewrite((text) => `${text.slice(0, 20)}_${text.slice(21)}`)],
    ['base45 that overflows', 'refuse', rewrite((text) => `${text.slice(0, 4 + 30)}:::${text.slice(4 + 33)}`)],
    [
      'signed with detached claims',
      'refuse',
      (draft) => {
        draft.signedPayload = Buffer.alloc(0)
      },
    ],
  ]),
  ...twistGroup('changed after signing', cardKinds, [
    [
      'not compressed',
      'refuse',
      (draft) => {
        draft.compress = (bytes) => bytes
      },
    ],
    [
      'zlib',
      'refuse',
      (draft) => {
        draft.compress = (bytes) => deflateSync(bytes)
      },
    ],
    [
      'a byte order mark in the payload',
      'refuse',
      (draft) => {
        draft.payload = { json: `\ufeff${writeJson(draft.payload)}` }
      },
    ],
    [
      'a comma too many',
      'refuse',
      (draft) => {
        draft.payload = { json: writeJson(draft.payload).replace(/\}$/, ',}') }
      },
    ],
    ['a pair beyond 77', 'refuse', rewrite((text) => `${text.slice(0, 25)}99${text.slice(27)}`)],
    ['an odd number of digits', 'refuse', rewrite((text) => text.slice(0, -1))],
    [
      'unused bits of the signature',
      'refuse',
      (draft) => {
        draft.rewrite.push(withUnusedBits)
      },
    ],
  ]),
  ...twistGroup('changed after signing', sealKinds, [
    ['white space in the text', 'accept', rewrite((text) => text.replace('{', '{ \n').replace(',', ' , '))],
    ['members in another order', 'accept', rewrite(inOtherOrder)],
    [
      'a member beside data',
      'any',
      (draft) => {
        draft.seal.beside.push(['note', 'unsigned'])
      },
    ],
    [
      'data twice',
      'refuse',
      (draft) => {
        draft.seal.beside.push(['data', { json: writeJson(draft.payload).replace(draft.holder.family, 'SOMEBODY') }])
      },
    ],
    [
      'data twice, the name escaped',
      'refuse',
      (draft) => {
        draft.seal.beside.push([
          { json: '"d\\u0061ta"' },
          { json: writeJson(draft.payload).replace(draft.holder.family, 'SOMEBODY') },
        ])
      },
    ],
    [
      'sig twice',
      'refuse',
      (draft) => {
        draft.seal.beside.push(['sig', { fields: [] }])
      },
    ],
    [
      'algorithm of another curve',
      'refuse',
      (draft) => {
        draft.seal.alg = 'ES384'
      },
    ],
    [
      'algorithm none',
      'refuse',
      (draft) => {
        draft.seal.alg = 'none'
      },
    ],
    [
      'algorithm RS256',
      'refuse',
      (draft) => {
        draft.seal.alg = 'RS256'
      },
    ],
    [
      'no certificate',
      'refuse',
      (draft) => {
        draft.seal.cer = ''
      },
    ],
    [
      'a lone surrogate in the name',
      'refuse',
      (draft) => set(draft.payload, draft.layout.name, { json: '"A\\ud800"' }),
    ],
    ['a number that is none', 'refuse', (draft) => set(draft.payload, ['hdr', 'v'], { json: '1e400' })],
    ['a number in another form', 'accept', (draft) => set(draft.payload, ['hdr', 'v'], { json: '1.0' })],
    ['trailing text', 'refuse', rewrite((text) => `${text}{}`)],
  ]),
]

/** The payload with another holder, as this format writes it. */
function otherPayload(draft: Draft): Buffer {
  const payload = goodPayload(draft.kind, { ...draft.context, holder: { ...draft.holder, family: 'Somebody' } })
  if (draft.layout.family === 'hcert') return writeCbor(payload)
  const text = Buffer.from(writeJson(payload))
  return draft.layout.family === 'shc' ? deflateRawSync(text) : text
}

/** The first half of one and the second of another, both signed. */
function splice(draft: Draft, random: Random): void {
  draft.rewrite.push(([text = '', ...rest]) => {
    const other = { ...draft, tamper: [], rewrite: [], signedPayload: otherPayload(draft) }
    const [second = ''] = writeCredential({
      ...other,
      payload: goodPayload(draft.kind, { ...draft.context, holder: { ...draft.holder, family: 'Somebody' } }),
    })
    const at = 10 + random.below(Math.min(text.length, second.length) - 20)
    return [text.slice(0, at) + second.slice(at), ...rest]
  })
}

/** The last character of the signature with bits set that mean nothing. */
function withUnusedBits([text = '', ...rest]: string[]): string[] {
  const jws = (text.match(/\d\d/g) ?? []).map((pair) => String.fromCharCode(Number(pair) + 45)).join('')
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(jws.at(-1) ?? '')
  return [...numeric(jws.slice(0, -1) + alphabet[last ^ 1], 1), ...rest]
}

function inOtherOrder(text: string): string {
  try {
    return JSON.stringify(reversed(JSON.parse(text)))
  } catch {
    return text // another twist has broken it already
  }
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, each]) => [name, reversed(each)]),
  )
}

/** Text of anything that is not a credential. */
export const rawTwists = [
  ...twistGroup('no credential', hcertKinds, [
    ['version 2 of HCERT', 'refuse', rewrite((text) => text.replace(/^HC1/, 'HC2'))],
  ]),
  ...twistGroup('no credential', anyKind, [
    ['letters', 'refuse', rewrite((_, random) => random.letters(200))],
    ['base45 of random bytes', 'refuse', rewrite((_, random) => `HC1:${base45(Buffer.from(random.letters(300)))}`)],
    [
      'base45 of compressed text',
      'refuse',
      rewrite((_, random) => `HC1:${base45(deflateSync(Buffer.from(random.letters(300))))}`),
    ],
    [
      'digits',
      'refuse',
      rewrite((_, random) => `shc:/${Array.from({ length: 300 }, () => random.below(10)).join('')}`),
    ],
    ['JSON', 'refuse', rewrite(() => '{"data":{"hdr":{"t":"icao.vacc"}}}')],
    ['very long', 'refuse', rewrite((text) => text + text.slice(-3).repeat(10_000))],
  ]),
]
