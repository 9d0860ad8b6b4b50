import type { Draft } from '../draft.ts'
import { add, drop, get, set, type Tree, writeCbor } from '../tree.ts'
import { hcertKinds, twistGroup } from './twist.ts'

/** The COSE envelope. */
export const coseTwists = twistGroup('COSE', hcertKinds, [
  [
    'key id unprotected',
    'accept',
    (draft) => {
      set(draft.unprotectedHeader, [4], get(draft.protectedHeader, 4))
      drop(draft.protectedHeader, 4)
    },
  ],
  [
    'algorithm unprotected',
    'accept',
    (draft) => {
      set(draft.unprotectedHeader, [1], get(draft.protectedHeader, 1))
      drop(draft.protectedHeader, 1)
    },
  ],
  [
    'all unprotected',
    'accept',
    (draft) => {
      draft.unprotectedHeader = draft.protectedHeader
      draft.protectedHeader = { cbor: Buffer.alloc(0) }
    },
  ],
  [
    'a wrong key id unprotected, the right one protected',
    'accept',
    (draft) => set(draft.unprotectedHeader, [4], Buffer.from('wrong')),
  ],
  [
    'a wrong key id protected, the right one unprotected',
    'refuse',
    (draft) => {
      set(draft.unprotectedHeader, [4], get(draft.protectedHeader, 4))
      set(draft.protectedHeader, [4], Buffer.from('wrong'))
    },
  ],
  ['no key id', 'refuse', (draft) => drop(draft.protectedHeader, 4)],
  ['key id as text', 'refuse', (draft) => set(draft.protectedHeader, [4], draft.standing.signer.keyId)],
  ['key id empty', 'refuse', (draft) => set(draft.protectedHeader, [4], Buffer.alloc(0))],
  ['key id twice', 'refuse', (draft) => add(draft.protectedHeader, 4, Buffer.from('wrong'))],
  ['critical header', 'refuse', (draft) => set(draft.protectedHeader, [2], [99])],
  ['critical header unprotected', 'refuse', (draft) => set(draft.unprotectedHeader, [2], [99])],
  ['content type', 'any', (draft) => set(draft.protectedHeader, [3], 'application/cwt')],
  ...(
    [
      ['none', 0],
      ['RS256', -257],
      ['HS256', 5],
      ['ES256K', -47],
      ['unknown', -999],
      ['ESP256', -9],
      ['text', 'ES256'],
      ['null', null],
    ] as [string, Tree][]
  ).map(([name, value]): [string, 'refuse', (draft: Draft) => void] => [
    `algorithm ${name}`,
    'refuse',
    (draft) => set(draft.protectedHeader, [1], value),
  ]),
  ['no algorithm', 'refuse', (draft) => drop(draft.protectedHeader, 1)],
  [
    'no tag',
    'accept',
    (draft) => {
      draft.tags = []
    },
  ],
  [
    'CWT around COSE',
    'accept',
    (draft) => {
      draft.tags = [61, 18]
    },
  ],
  [
    'the tag twice',
    'accept',
    (draft) => {
      draft.tags = [18, 18]
    },
  ],
  ...[16, 17, 97, 98, 0, 24, 55799].map((tag): [string, 'refuse', (draft: Draft) => void] => [
    `tag ${tag}`,
    'refuse',
    (draft) => {
      draft.tags = [tag]
    },
  ]),
  [
    'five items',
    'refuse',
    (draft) => {
      draft.extraItems = [Buffer.alloc(1)]
    },
  ],
  [
    'bytes behind the message',
    'refuse',
    (draft) => {
      draft.trailing = Buffer.of(0)
    },
  ],
  [
    'a second message behind the first',
    'refuse',
    (draft) => {
      draft.trailing = Buffer.from('d28440a0404040', 'hex')
    },
  ],
  [
    'bytes behind the claims',
    'refuse',
    (draft) => {
      draft.payload = { cbor: Buffer.concat([writeCbor(draft.payload), Buffer.of(0)]) }
    },
  ],
  [
    'no claims',
    'refuse',
    (draft) => {
      draft.payload = { cbor: Buffer.alloc(0) }
    },
  ],
  [
    'claims of indefinite length',
    'accept',
    (draft) => {
      draft.payload = { indefinite: draft.payload }
    },
  ],
  [
    'a name of indefinite length',
    'accept',
    (draft) => set(draft.payload, draft.layout.name, { indefinite: String(get(draft.payload, ...draft.layout.name)) }),
  ],
  [
    'a text that is not UTF-8',
    'refuse',
    (draft) => set(draft.payload, draft.layout.name, { cbor: Buffer.of(0x62, 0xc3, 0x28) }),
  ],
  [
    'a length beyond the end',
    'refuse',
    (draft) => set(draft.payload, draft.layout.name, { cbor: Buffer.of(0x7b, 0, 0, 0, 1, 0, 0, 0, 0) }),
  ],
  [
    'an undefined simple value',
    'any',
    (draft) => add(get(draft.payload, ...draft.layout.certificate), 'meta', { cbor: Buffer.of(0xf8, 0xff) }),
  ],
])
