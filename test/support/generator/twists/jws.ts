import { goodPayload } from '../documents.ts'
import { type Draft, writeCredential } from '../draft.ts'
import { add, drop, rename, set, type Tree } from '../tree.ts'
import { cardKinds, twistGroup } from './twist.ts'

const jws = (name: string, value: Tree) => (draft: Draft) => set(draft.cardHeader, [name], value)

/** The JWS of a card and its chunks. */
export const jwsTwists = twistGroup('JWS', cardKinds, [
  ...['none', 'HS256', 'ES384', 'es256', ''].map((alg): [string, 'refuse', (draft: Draft) => void] => [
    `algorithm ${alg}`,
    'refuse',
    jws('alg', alg),
  ]),
  ['algorithm twice', 'refuse', (draft) => add(draft.cardHeader, 'alg', 'none')],
  ['key id twice', 'refuse', (draft) => add(draft.cardHeader, 'kid', 'other')],
  ['no zip', 'refuse', (draft) => drop(draft.cardHeader, 'zip')],
  ['zip in small letters', 'refuse', jws('zip', 'def')],
  ['critical header', 'refuse', jws('crit', ['exp'])],
  ['critical header empty', 'refuse', jws('crit', [])],
  ['no key id', 'refuse', (draft) => drop(draft.cardHeader, 'kid')],
  ['key id as number', 'refuse', jws('kid', 1)],
  ['key id of the prototype', 'refuse', jws('kid', '__proto__')],
  ['own key in the header', 'accept', jws('jwk', { fields: [['kty', 'EC']] })],
  ['address of a key in the header', 'accept', jws('jku', 'https://attacker.example.org/jwks.json')],
  ['type in the header', 'accept', jws('typ', 'JWT')],
  ['header name escaped', 'any', (draft) => rename(draft.cardHeader, 'alg', { json: '"\\u0061lg"' })],
  [
    'two chunks',
    'accept',
    (draft) => {
      draft.chunks = 2
    },
  ],
  [
    'five chunks, last first',
    'accept',
    (draft) => {
      draft.chunks = 5
      draft.rewrite.push((texts) => texts.toReversed())
    },
  ],
  [
    'a chunk missing',
    'refuse',
    (draft) => {
      draft.chunks = 3
      draft.rewrite.push((texts) => texts.slice(1))
    },
  ],
  [
    'a chunk twice',
    'refuse',
    (draft) => {
      draft.chunks = 3
      draft.rewrite.push(([first = '', second = '']) => [first, second, second])
    },
  ],
  [
    'a chunk too many',
    'refuse',
    (draft) => {
      draft.chunks = 3
      draft.rewrite.push((texts) => [...texts, texts[0] ?? ''])
    },
  ],
  [
    'chunks of two cards',
    'refuse',
    (draft) => {
      draft.chunks = 2
      draft.rewrite.push(([first = '']) => [
        first,
        writeCredential({
          ...draft,
          chunks: 2,
          tamper: [],
          rewrite: [],
          payload: goodPayload(draft.kind, { ...draft.context, holder: { ...draft.holder, family: 'Somebody' } }),
        })[1] ?? '',
      ])
    },
  ],
  [
    'a chunk without numbers',
    'refuse',
    (draft) => {
      draft.chunks = 2
      draft.rewrite.push((texts) => texts.map((text) => text.replace(/\d+\/\d+\//, '')))
    },
  ],
  [
    'two whole cards',
    'refuse',
    (draft) => {
      draft.rewrite.push(([text = '']) => [text, text])
    },
  ],
])
