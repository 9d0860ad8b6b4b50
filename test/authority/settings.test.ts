import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readClients } from '../../src/authority/settings/read-clients.ts'
import { readParticipants } from '../../src/authority/settings/read-participants.ts'
import { ecKey, rsaKey } from './support/bed.ts'

const ec = ecKey('e', 'P-384').jwk
const rsa = rsaKey('r').jwk
const p256 = ecKey('p').jwk
const keys = (...all: object[]) => ({ jwks: { keys: all } })
const files: Record<string, string> = { '/etc/clients.json': '[]', '/etc/moh.json': JSON.stringify({ keys: [ec] }) }
const readFile = (path: string) => {
  const text = files[path]
  if (text === undefined) throw new Error(`${path} is not there`)
  return text
}
type Read = (text: string, read: typeof readFile, problem: (text: string) => void) => unknown[]
const problemsOf = (read: Read, json: unknown) => {
  const problems: string[] = []
  const text = typeof json === 'string' ? json : JSON.stringify(json)
  read(text, readFile, (each) => void problems.push(each))
  return problems
}

const client = { id: 'a', scopes: 'system/*.cruds', canonicalPrefixes: ['http://a.org'] }
const clientCases: [name: string, json: unknown, told: RegExp[]][] = [
  ['good', [client], []],
  [
    'good, with keys',
    [
      {
        ...client,
        ...keys(ec, rsa),
        jku: ['https://a.org/jwks'],
        name: 'A',
        participant: 'AT',
        jurisdictions: ['AT', '*'],
      },
    ],
    [],
  ],
  ['scopes as a list', [{ ...client, scopes: ['system/ValueSet.c', 'system/*.read'] }], []],
  ['none', [], []],
  ['keys in a file', [{ ...client, jwksFile: '/etc/moh.json' }], []],
  ['a file', '/etc/clients.json', []],
  ['a file that is not there', '/etc/none.json', [/not there/]],
  ['no JSON', '[{]', [/CLIENTS: /]],
  ['a member twice', '[{"id":"a","id":"b","scopes":""}]', [/CLIENTS: /]],
  ['an object', '{}', [/JSON array/]],
  ['an entry that is a text', ['a'], [/entry 1: an object/]],
  ['a misspelt member', [{ ...client, scope: 'x' }], [/entry 1: .*scopes/]],
  ['no id', [{ ...client, id: undefined }], [/id must be/]],
  ['an id with a blank', [{ ...client, id: 'a b' }], [/id must have/]],
  ['an id twice', [client, { ...client }], [/entry 2: the id "a" stands in entry 1/]],
  ['no scopes', [{ ...client, scopes: undefined }], [/scopes must say/]],
  ['a scope of a misspelt type', [{ ...client, scopes: 'system/Libary.cruds' }], [/scopes\[0\].*Library meant/]],
  ['scopes of a user', [{ ...client, scopes: 'user/*.cruds' }], [/scopes\[0\]/]],
  ['scopes that are a number', [{ ...client, scopes: 1 }], [/scopes must be/]],
  ['a prefix without host', [{ ...client, canonicalPrefixes: ['http://'] }], [/canonicalPrefixes\[0\]/]],
  ['a prefix in capitals', [{ ...client, canonicalPrefixes: ['http://A.org'] }], [/canonicalPrefixes\[0\]/]],
  ['a prefix that is a text', [{ ...client, canonicalPrefixes: 'http://a.org' }], [/canonicalPrefixes must be a list/]],
  ['a prefix that is a number', [{ ...client, canonicalPrefixes: [1] }], [/canonicalPrefixes\[0\] must be a text/]],
  ['a jurisdiction in words', [{ ...client, jurisdictions: ['Austria'] }], [/jurisdictions\[0\]/]],
  ['a participant in words', [{ ...client, participant: 'Austria' }], [/participant must be/]],
  ['a private key', [{ ...client, ...keys({ ...ec, d: 'AAAA' }) }], [/private key/]],
  ['a symmetric key', [{ ...client, ...keys({ kty: 'oct', kid: 'k', k: 'AAAA' }) }], [/private key/]],
  ['a key on P-256', [{ ...client, ...keys(p256) }], [/RS384 or P-384/]],
  ['a key for another algorithm', [{ ...client, ...keys({ ...rsa, alg: 'RS256' }) }], [/RS384/]],
  ['a key for encryption', [{ ...client, ...keys({ ...rsa, use: 'enc' }) }], [/use is not sig/]],
  ['a key without kid', [{ ...client, ...keys({ ...rsa, kid: undefined }) }], [/needs a kid/]],
  ['a kid twice', [{ ...client, ...keys(rsa, { ...ec, kid: 'r' }) }], [/twice/]],
  ['a key that is none', [{ ...client, ...keys({ ...ec, x: 'AAAA' }) }], [/cannot be read/]],
  ['no keys in the set', [{ ...client, ...keys() }], [/JWK Set/]],
  ['keys in two places', [{ ...client, ...keys(ec), jwksFile: '/etc/moh.json' }], [/only one/]],
  ['a file of keys that is not there', [{ ...client, jwksFile: '/etc/none.json' }], [/jwksFile: .*not there/]],
  ['jku by http', [{ ...client, jku: ['http://a.org'] }], [/jku\[0\]/]],
  [
    'everything at once',
    [{ ids: 'a' }, { ...client, canonicalPrefixes: ['x'], jurisdictions: ['y'] }],
    [/entry 1: /, /entry 1: id/, /entry 1: scopes/, /entry 2: canonicalPrefixes/, /entry 2: jurisdictions/],
  ],
]

const participant = { participant: 'AT', canonicalPrefixes: ['http://a.org'] }
const print = 'ab'.repeat(32)
const participantCases: [name: string, json: unknown, told: RegExp[]][] = [
  ['good', [participant], []],
  [
    'good, with everything',
    [
      {
        ...participant,
        name: 'A',
        jurisdictions: ['AT'],
        scopes: 'system/ValueSet.cu',
        certificates: [print.toUpperCase()],
        networkKeys: true,
      },
    ],
    [],
  ],
  ['no prefixes', [{ participant: 'AT' }], [/canonicalPrefixes must say/]],
  ['a participant in words', [{ ...participant, participant: 'Austria' }], [/two or three letters/]],
  [
    'a participant twice, spelt otherwise',
    [participant, { ...participant, participant: 'AUT' }],
    [/entry 2: participant AUT stands in entry 1/],
  ],
  [
    'a certificate of two',
    [
      { ...participant, certificates: [print] },
      { ...participant, participant: 'DE', certificates: [print] },
    ],
    [/entry 2: certificate/],
  ],
  [
    'a certificate twice, spelt otherwise',
    [{ ...participant, certificates: [print, print.toUpperCase()] }],
    [/stands in entry 1 already/],
  ],
  ['a SHA-1 thumbprint', [{ ...participant, certificates: ['ab'.repeat(20)] }], [/64 hexadecimal/]],
  ['networkKeys as text', [{ ...participant, networkKeys: 'yes' }], [/true or false/]],
  ['a misspelt member', [{ ...participant, networkKey: true }], [/networkKeys/]],
]

for (const [setting, read, cases] of [
  ['CLIENTS', readClients, clientCases],
  ['PARTICIPANTS', readParticipants, participantCases],
] as const)
  describe(setting, () => {
    for (const [name, json, told] of cases)
      it(`${name}: ${told.length === 0 ? 'read' : 'refused'}`, () => {
        const problems = problemsOf(read, json)
        assert.equal(problems.length, told.length, problems.join('\n'))
        for (const [at, each] of told.entries()) assert.match(problems[at] ?? '', each)
        assert.ok(problems.every((each) => each.startsWith(setting)))
      })
    it('of any JSON is read or refused, and never breaks', () => {
      const value = fc.oneof(fc.jsonValue(), fc.constantFrom('system/*.cruds', ['http://a.org'], ['*'], keys(ec)))
      const names = [
        'id',
        'scopes',
        'participant',
        'canonicalPrefixes',
        'jurisdictions',
        'jwks',
        'jwksFile',
        'certificates',
        'networkKeys',
        'name',
      ]
      fc.assert(
        fc.property(fc.array(fc.dictionary(fc.constantFrom(...names), value)), (json) => {
          problemsOf(read, json)
        }),
      )
    })
  })
