/** The directory as it lives: when it is made, when it is withheld, what replicas and restarts serve. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FhirError } from '../../../src/fhir/error.ts'
import { createHashProcess } from '../../../src/trust/directory/directory-process.ts'
import type { SourceState } from '../../../src/trust/directory/make-directory.ts'
import { hashProof } from '../../../src/trust/directory/seal.ts'
import { checkTrustList, isRefused } from '../../../src/trust/lists/check-list.ts'
import {
  country,
  type DirectoryUnderTest,
  directoryOf,
  directorySigner,
  freshKey,
  memoryRecords,
} from '../../support/directory.ts'

const a = country('XA', 'XXA')
const b = country('XB', 'XXB')
const keys = [a.scaKey, a.dscKey, b.scaKey, b.dscKey]
const root = '/v2/trustlist/did.json'
const day = 86_400_000

/** The status with which an address is answered; 200 for a document. */
async function statusOf(directory: DirectoryUnderTest, path: string): Promise<number> {
  try {
    return (await directory.get(path)).status ?? 200
  } catch (error) {
    assert.ok(error instanceof FhirError)
    return error.status
  }
}

describe('an address', () => {
  it('that holds no document is not found, however it is written', async () => {
    const directory = directoryOf(keys)
    await directory.make()
    const wrong = [
      '/v2/trustlist/',
      '/v2/trustlist/DCC',
      '/v2/trustlist/DCC/',
      '/v2/trustlist/dcc/did.json',
      '/v2/trustlist/DCC/xxa/did.json',
      '/v2/trustlist/%44CC/did.json',
      '/v2/trustlist/%2D/did.json',
      '/v2/trustlist/--/did.json',
      '/v2/trustlist/DCC/--/DSC/did.json',
      '/v2/trustlist//did.json',
      '/v2/trustlist/./did.json',
      '/v2/trustlist/../trustlist/did.json',
      '/v2/trustlist/DCC/%2E%2E/did.json',
      '/v2/trustlist/DCC/XXA/CSCA/did.json',
      '/v2/trustlist/DCC/XXA/DSC/did.json/did.json',
      '/v2/trustlist/DCC/XXA/DSC/x/did.json',
      '/v2/trustlist/XXA/DCC/DSC/did.json',
      '/v2/trustlist/DCC/XXA/TLS/did.json',
      '/v2/trustlist/DCC/XXA/UP/did.json',
      '/v2/trustlist/-/XXA/UP/did.json',
      '/v2/trustlist/__proto__/did.json',
      '/v2/trustlist/constructor/did.json',
      '/v2/trustlist/DID.json',
      '/v2/trustlist/did.json%00',
      '/v2/trustlist-ref/',
    ]
    for (const path of wrong) assert.equal(await statusOf(directory, path), 404, path)
    for (const path of [
      '/v2/trustlist',
      '/v2/trustlists/did.json',
      '/V2/trustlist/did.json',
      '/trustlist/did.json',
      '/fhir',
    ])
      assert.equal(directory.find({ path, accept: undefined }), undefined, path)
  })

  it('may have the path of the public address before it', async () => {
    const directory = directoryOf(keys, { address: () => 'https://directory.example/health/keys' })
    await directory.make()
    for (const path of [root, `/health/keys${root}`]) assert.equal(await statusOf(directory, path), 200, path)
    assert.equal((await directory.json(root)).id, 'did:web:directory.example:health:keys:v2:trustlist')
    for (const path of [`/health${root}`, `/health/keysx${root}`, `/health/keys/health/keys${root}`])
      assert.equal(directory.find({ path, accept: undefined }), undefined, path)
  })

  it('of upload keys is their own, and no other list holds them', async () => {
    const up = a.key(a.under(), { usage: 'UP', lists: ['tng'] })
    const sources = () => [{ name: 'tng', kind: 'gateway', usable: true }]
    const directory = directoryOf([...keys.map((key) => ({ ...key, lists: ['tng'] })), up], { sources })
    const { documents } = await directory.make()
    assert.ok(documents > 0)
    for (const path of ['/v2/trustlist/-/XXA/UP/did.json', '/v2/trustlist/-/-/UP/did.json']) {
      const { body } = await directory.get(path)
      const checked = await checkTrustList(body, [directory.world.signer?.publicKey ?? freshKey()])
      assert.ok(!isRefused(checked))
      assert.deepEqual(
        checked.items.map(({ usage, participant, keyId }) => [usage, participant, keyId]),
        [['UP', 'XXA', up.keyId]],
      )
    }
    for (const path of [root, '/v2/trustlist/-/did.json', '/v2/trustlist/-/XXA/did.json', '/v2/trustlist/-/-/did.json'])
      assert.ok(!(await directory.get(path)).body.toString().includes('#UP'), path)
    assert.equal(await statusOf(directory, '/v2/trustlist/DCC/XXA/UP/did.json'), 404)
  })
})

describe('what is served', () => {
  it('says when it was made, and how long it may be kept', async () => {
    const directory = directoryOf(keys)
    const { created } = await directory.make()
    const found = await directory.get(root)
    assert.equal(created, '2022-06-01T12:00:00Z')
    assert.match(found.etag ?? '', /^"[A-Za-z0-9_-]{43}"$/)
    assert.equal(found.headers?.['Last-Modified'], 'Wed, 01 Jun 2022 12:00:00 GMT')
    assert.match(found.cacheControl ?? '', /max-age=300, must-revalidate/)
  })

  it('is the same bytes as long as the keys are the same: later, after a restart, and of a replica', async () => {
    const signer = directorySigner()
    const records = memoryRecords()
    const first = directoryOf(keys, { records, signer: () => signer })
    await first.make()
    const paths = [root, '/v2/trustlist-ref/did.json', '/v2/trustlist/DCC/XXA/DSC/did.json', '/v2/trustlist/jwks.json']
    const before = await Promise.all(paths.map(async (path) => (await first.get(path)).body))
    assert.ok(first.world.hashed > 10)
    const second = directoryOf([...keys].reverse(), { records, signer: () => signer })
    second.world.now = new Date('2022-06-05T00:00:00Z')
    await second.make()
    first.world.now = second.world.now
    first.set([...keys])
    await first.make()
    for (const directory of [first, second])
      for (const [at, path] of paths.entries()) assert.deepEqual((await directory.get(path)).body, before[at], path)
    assert.equal(second.world.hashed, 0)
    assert.equal(records.writes, 1)
  })

  it('is sealed anew where the keys changed, and nowhere else', async () => {
    const directory = directoryOf(keys)
    await directory.make()
    const [was, other] = [await directory.json(root), (await directory.get('/v2/trustlist/-/XXB/did.json')).body]
    directory.world.now = new Date('2022-06-02T00:00:00Z')
    directory.set([...keys, a.key(a.under())])
    await directory.make()
    const is = await directory.json(root)
    assert.notEqual(is.proof.created, was.proof.created)
    assert.notEqual(is.proof.nonce, was.proof.nonce)
    assert.deepEqual((await directory.get('/v2/trustlist/-/XXB/did.json')).body, other)
  })

  it('never goes back in time, also when keys come back or the clock is set back', async () => {
    const directory = directoryOf(keys)
    const times: string[] = []
    for (const [hours, some] of [
      [0, keys],
      [1, keys.slice(0, 2)],
      [2, keys],
      [1.5, keys.slice(2)],
    ] as const) {
      directory.world.now = new Date(Date.parse('2022-06-01T12:00:00Z') + hours * 3_600_000)
      directory.set([...some])
      await directory.make()
      times.push((await directory.json(root)).proof.created ?? '')
    }
    assert.deepEqual(times, [...times].sort())
    assert.equal(times[2], '2022-06-01T14:00:00Z')
  })

  it('is not dated by a clock that was a year ahead', async () => {
    const directory = directoryOf(keys)
    directory.world.now = new Date('2023-06-01T12:00:00Z')
    await directory.make()
    directory.world.now = new Date('2022-06-02T12:00:00Z')
    directory.set(keys.slice(0, 2))
    await directory.make()
    assert.equal((await directory.json(root)).proof.created, '2022-06-02T12:00:00Z')
  })
})

describe('two replicas', () => {
  it('that seal at the same time serve the seals of the first', async () => {
    const [records, signer] = [memoryRecords(), directorySigner()]
    const replicas = [1, 2].map(() => directoryOf(keys, { records, signer: () => signer }))
    await Promise.all(replicas.map((each) => each.make()))
    const [one, other] = await Promise.all(replicas.map(async (each) => (await each.get(root)).body))
    assert.deepEqual(one, other)
  })

  it('that do not know the same yet do not write over each other, and agree in the end', async () => {
    const [records, signer] = [memoryRecords(), directorySigner()]
    const ticks: (() => void)[] = []
    const after = (_: number, run: () => void) => {
      ticks.push(run)
      return () => {}
    }
    const [ahead, behind] = [1, 2].map(() => directoryOf(keys, { records, signer: () => signer }))
    assert.ok(ahead && behind)
    for (const each of [ahead, behind]) {
      await each.make()
      each.start(after)
    }
    ahead.set([...keys, a.key(a.under())])
    ahead.world.now = new Date('2022-06-02T00:00:00Z')
    await ahead.make()
    const writes = records.writes
    for (let minute = 1; minute < 5; minute++) {
      for (const each of [ahead, behind])
        each.world.now = new Date(Date.parse('2022-06-02T00:00:00Z') + minute * 61_000)
      for (const run of ticks.splice(0)) run()
      await Promise.all([ahead.make(), behind.make()])
    }
    assert.equal(records.writes, writes)
    behind.world.index = ahead.world.index
    await behind.make()
    assert.deepEqual((await behind.get(root)).body, (await ahead.get(root)).body)
    await Promise.all([ahead.close(), behind.close()])
  })

  it('take what they cannot read of the store for nothing', async () => {
    for (const text of ['', '{', 'null', '[]', '{"seals":{"/v2/trustlist/did.json":{"hash":"x"}}}', '{"seals":7}']) {
      const records = memoryRecords()
      records.values.set('key-directory did:web:directory.example:v2:trustlist', text)
      const directory = directoryOf(keys, { records })
      assert.equal((await directory.make()).state, 'made', text)
      const checked = await checkTrustList((await directory.get(root)).body, [
        directory.world.signer?.publicKey ?? freshKey(),
      ])
      assert.ok(!isRefused(checked))
    }
  })
})

describe('a directory is withheld, with 503 and no list,', () => {
  const withheld: Record<
    string,
    { change(directory: DirectoryUnderTest): void; reason: RegExp; sources?: () => SourceState[] }
  > = {
    'while a list that withdraws keys cannot be read': {
      change: (directory) => directory.set(keys, { unavailable: 'bad, which withdraws keys, cannot be read' }),
      reason: /bad, which withdraws keys/,
    },
    'when no key qualifies': { change: (directory) => directory.set([a.dscKey]), reason: /no key qualifies/ },
    'without a signing key': {
      change: (directory) => {
        directory.world.signer = undefined
      },
      reason: /there is no signing key/,
    },
    'with a signing key on another curve': {
      change: (directory) => {
        directory.world.signer = directorySigner('P-384')
      },
      reason: /not on the curve P-256/,
    },
    'with a signing key that signs with another one': {
      change: (directory) => {
        directory.world.signer = { ...directorySigner(), publicKey: freshKey() }
      },
      reason: /its own public key does not verify/,
    },
    'with a signing key that fails': {
      change: (directory) => {
        directory.world.signer = {
          ...directorySigner(),
          sign: () => Promise.reject(new Error('the key store is away')),
        }
      },
      reason: /the key store is away/,
    },
  }
  for (const [name, { change, reason }] of Object.entries(withheld))
    it(name, async () => {
      const directory = directoryOf(keys)
      await directory.make()
      assert.equal(await statusOf(directory, root), 200)
      change(directory)
      const state = await directory.make()
      assert.equal(state.state, 'withheld')
      assert.match(state.reason ?? '', reason)
      for (const path of [
        root,
        '/v2/trustlist/DCC/XXA/DSC/did.json',
        '/v2/trustlist/jwks.json',
        '/v2/trustlist/nothing/did.json',
      ])
        assert.equal(await statusOf(directory, path), 503, path)
      assert.ok(directory.world.told.some((text) => reason.test(text)))
    })

  it('when a list is larger than verifiers read, or there are too many', async () => {
    const large = directoryOf(keys, { limits: { listBytes: 4000, documents: 20_000 } })
    assert.match((await large.make()).reason ?? '', /larger than 4000 bytes/)
    const many = directoryOf(keys, { limits: { listBytes: 20_000_000, documents: 30 } })
    assert.match((await many.make()).reason ?? '', /more than 30 documents/)
    assert.equal(large.world.hashed + many.world.hashed, 0)
  })

  it('at once when no key counts any more, before anything is made anew', async () => {
    const directory = directoryOf(keys)
    await directory.make()
    directory.set(keys, { unavailable: 'bad cannot be read' })
    assert.equal(await statusOf(directory, root), 503)
  })

  it('before it was made', async () => {
    const directory = directoryOf(keys)
    assert.equal(await statusOf(directory, root), 503)
    const making = directory.make()
    assert.equal(await statusOf(directory, root), 200)
    await making
  })

  it('and does not tell the public which source failed', async () => {
    const directory = directoryOf(keys)
    await directory.make()
    directory.set(keys, { unavailable: 'secret-name cannot be read' })
    await assert.rejects(
      directory.get(root),
      (error) => error instanceof FhirError && !JSON.stringify(error.issues).includes('secret'),
    )
  })

  it('when a source that gave keys cannot be read: its keys were not withdrawn', async () => {
    const records = memoryRecords()
    const source: SourceState = { name: 'local', kind: 'did-v2', usable: true, readAt: '2022-06-01T00:00:00Z' }
    const first = directoryOf(keys, { records, sources: () => [source] })
    await first.make()
    const far = country('XC', 'XXC')
    const others = [far.scaKey, far.dscKey].map((key) => ({ ...key, lists: ['other'] }))
    const other: SourceState = { name: 'other', kind: 'certificates', usable: true }
    const lost: SourceState = { ...source, usable: false, failure: 'no answer', readAt: undefined }
    const second = directoryOf(others, { records, sources: () => [lost, other] })
    const state = await second.make()
    assert.match(state.reason ?? '', /local, whose keys it published, cannot be read: no answer/)
    // A source that never gave any, or that is configured no more, holds nothing back.
    const third = directoryOf(others, { sources: () => [lost, other] })
    assert.equal((await third.make()).state, 'made')
    assert.equal((await directoryOf(others, { records, sources: () => [other] }).make()).state, 'made')
  })

  it('when a source could not be read for longer than its list may be old', async () => {
    const source = { name: 'local', kind: 'did-v2', usable: true, failure: 'no answer', readAt: '2022-06-01T00:00:00Z' }
    const directory = directoryOf(keys, { sources: () => [source] })
    await directory.make()
    directory.start(() => () => {})
    assert.equal(await statusOf(directory, root), 200)
    directory.world.now = new Date(Date.parse(source.readAt) + 8 * day)
    directory.start(() => () => {})
    assert.equal(await statusOf(directory, root), 503)
    assert.match(directory.state().reason ?? '', /local could not be read since 2022-06-01T00:00:00Z: no answer/)
    await directory.close()
  })
})

describe('a directory that is kept up to date', () => {
  it('is made again when the index, the signer or the time changes it, and not otherwise', async () => {
    let run: (() => void) | undefined
    const directory = directoryOf(keys)
    directory.start((_, tick) => {
      run = tick
      return () => {}
    })
    const tick = async (isDone: () => Promise<boolean>) => {
      run?.()
      for (let wait = 0; wait < 1000 && !(await isDone()); wait++) await new Promise((done) => setTimeout(done, 5))
    }
    await directory.make()
    const made = async () => (await directory.json(root)).proof
    const isOther = (proof: object) => async () => JSON.stringify(await made()) !== JSON.stringify(proof)
    const first = await made()
    const hashed = directory.world.hashed
    for (let second = 0; second < 5; second++) run?.()
    await new Promise((done) => setTimeout(done, 50))
    assert.deepEqual(await made(), first)
    assert.equal(directory.world.hashed, hashed)
    directory.world.now = new Date('2022-06-02T00:00:00Z')
    directory.set([...keys, a.key(a.under(), { validTo: new Date('2022-06-03T00:00:00Z') })])
    await tick(isOther(first))
    const second = await made()
    assert.equal(second.created, '2022-06-02T00:00:00Z')
    // A key ends, and nobody reads a list again.
    directory.world.now = new Date('2022-06-03T00:00:01Z')
    await tick(isOther(second))
    assert.equal((await directory.json(root)).verificationMethod.length, keys.length)
    const third = await made()
    directory.world.signer = directorySigner('P-256', 'did:web:directory.example#next')
    await tick(isOther(third))
    assert.equal((await made()).verificationMethod, 'did:web:directory.example#next')
    await directory.close()
  })

  it('is broken off when the server ends', async () => {
    const directory = directoryOf(keys)
    const making = directory.make()
    await directory.close()
    assert.equal((await making).state, 'not-made')
    assert.ok(directory.world.hashed < 3, String(directory.world.hashed))
    assert.deepEqual(directory.world.told, [])
  })

  it('is tried again after a failure, ever more seldom', async () => {
    let calls = 0
    let run: (() => void) | undefined
    const directory = directoryOf(keys)
    directory.world.signer = {
      ...directorySigner(),
      sign: () => {
        calls++
        return Promise.reject(new Error('away'))
      },
    }
    directory.start((_, tick) => {
      run = tick
      return () => {}
    })
    const start = directory.world.now.getTime()
    for (let second = 0; second < 100; second++) {
      directory.world.now = new Date(start + second * 1000)
      run?.()
      await new Promise((done) => setTimeout(done, 5))
    }
    assert.ok(calls >= 3 && calls <= 5, String(calls))
    await directory.close()
  })
})

describe('the process that hashes documents', () => {
  const job = {
    text: '{"@context":["https://www.w3.org/ns/did/v1"],"id":"did:web:a.example","controller":"did:web:a.example"}',
    statement: {
      type: 'JsonWebSignature2020' as const,
      created: '2022-06-01T12:00:00Z',
      nonce: 'n',
      proofPurpose: 'assertionMethod' as const,
      verificationMethod: 'did:web:a.example#key',
    },
  }

  it('finds what is found without it, and fails alone', async () => {
    const hashes = createHashProcess()
    try {
      assert.deepEqual(Buffer.from(await hashes.hash(job)), Buffer.from(await hashProof(job)))
      await assert.rejects(
        hashes.hash({ ...job, text: '{"@context":["https://nowhere.example"]}' }),
        /its process ended/,
      )
      assert.deepEqual(Buffer.from(await hashes.hash(job)), Buffer.from(await hashProof(job)))
    } finally {
      hashes.close()
    }
  })

  it('is ended when it takes too long', async () => {
    const hashes = createHashProcess(new URL('./silent-program.ts', import.meta.url), 0.2)
    await assert.rejects(hashes.hash(job), /no answer within 0.2 s/)
    hashes.close()
  })
})
