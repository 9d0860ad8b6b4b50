import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createNetworkClient } from '../src/network/network-client.ts'
import { certificateKey } from '../src/trust/keys/anchors.ts'
import { createKeyIndexInSlices } from '../src/trust/keys/key-index.ts'
import type { TrustedKey } from '../src/trust/keys/trusted-key.ts'
import { checkTrustList } from '../src/trust/lists/check-list.ts'
import type { TrustSource } from '../src/trust/lists/trust-source.ts'
import { fileReaders, loadTrustLists } from '../src/trust/trust.ts'
import { createCopyStore } from '../src/trust/upkeep/copy-store.ts'
import { keyPairFor, testIssuer } from '../test/support/issuer.ts'
import { startListServer } from '../test/support/list-server.ts'
import { certificateUnder, listItem, listSigner, pinnedKey, signedList } from '../test/support/trust-list.ts'
import type { Measured } from './support/harness/figure.ts'
import { beside, type Cost, costOfWork, costOnce, type Effort, timeFigure } from './support/harness/measure.ts'
import { watchThread } from './support/harness/watch-thread.ts'

/** As many as the largest root list of the network, with their authority in each chain: 1.5 MB. */
const sizes = { full: { signers: 1000, keys: 20_000 }, quick: { signers: 200, keys: 5_000 } }
const CALLS = 20_000
const path = '/v2/trustlist/did.json'

// What making a list leaves behind is not to be collected while it is read.
setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const issuer = testIssuer({ country: 'XA' })

async function rootList(id: string, count: number): Promise<Buffer> {
  const signers = Array.from({ length: count }, () => certificateUnder(issuer.authority, keyPairFor('ES256')))
  const items = [
    listItem(issuer.sca, { usage: 'CSCA' }),
    ...signers.map((each) => listItem(each, { chain: [issuer.sca] })),
  ]
  return Buffer.from(JSON.stringify(await signedList(items, { document: { id, controller: id } })))
}

/** Fetched over https, proven and checked in a process of its own, kept on disk, indexed. */
async function remoteRoot(count: number) {
  const server = await startListServer()
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  const network = createNetworkClient({ isOn: true, hosts: [server.listed] })
  try {
    const bytes = await rootList(`did:web:${server.host}%3A${server.port}:v2:trustlist`, count)
    server.put(path, bytes)
    writeFileSync(join(folder, 'key.json'), pinnedKey)
    const location = `${server.origin}${path}`
    const source: TrustSource = { name: 'root', kind: 'did-v2', location, key: [join(folder, 'key.json')] }
    const trust = await loadTrustLists([source], {
      now: () => new Date(),
      readers: { ...fileReaders, fetch: (asked) => network.request(asked) },
      copies: createCopyStore(join(folder, 'trust')),
      keepsCopies: true,
    })
    collect()
    const own = await costOnce(() => watchThread(() => trust.reload()))
    const [status] = own.answer.made
    if (status?.keys !== count + 1) throw new Error(`${status?.keys} keys: ${status?.failure}`)
    const proved = await costOnce(() => checkTrustList(bytes, [listSigner.publicKey]))
    return { bytes: bytes.length, total: together(own, proved), held: beside(own, own.answer.longest) }
  } finally {
    network.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Two costs as one. */
const together = (a: Cost, b: Cost): Cost => ({
  microseconds: a.microseconds + b.microseconds,
  noise: Math.max(a.noise, b.noise),
  ratio: { ...a.ratio, value: a.ratio.value + b.ratio.value },
})

/** Keys that differ in all that the index looks at. */
function manyKeys(length: number): TrustedKey[] {
  const base = certificateKey(certificateUnder(issuer.authority, keyPairFor('ES256')))
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return Array.from({ length }, (_, at) => {
    const print = at.toString(16).padStart(64, '0')
    const keyId = Buffer.from(print.slice(-16), 'hex').toString('base64')
    const named = {
      keyId,
      otherKeyIds: [`${keyId}-`],
      participant: 'XXA',
      domain: 'DCC',
      usage: 'DSC',
      lists: ['root'],
    }
    return { ...base, ...named, publicKey, thumbprint: print, publicKeyThumbprint: print }
  })
}

/** Trust lists: the largest list of the network from its address to the index, and what a look-up costs. */
export async function bench(effort: Effort): Promise<Measured[]> {
  const size = effort.isQuick ? sizes.quick : sizes.full
  const { bytes, total, held: heldByRoot } = await remoteRoot(size.signers)
  const keys = manyKeys(size.keys)
  const built = await costOnce(() => watchThread(() => createKeyIndexInSlices([keys])))
  const framework = { name: 'hcert', issuers: 'country' } as const
  const ids = keys.map(({ keyId }) => keyId)
  const lookUp = () => {
    let found = 0
    for (let at = 0; at < CALLS; at++) {
      const keyId = ids[at % size.keys] ?? ''
      found += built.answer.made.find({ framework, keyId, issuer: 'XA' }).length
    }
    if (found !== CALLS) throw new Error(`${found} of ${CALLS} keys were found`)
  }
  const root = `root list of ${size.signers} keys`
  const index = `index of ${size.keys} keys`
  const detail = `${(bytes / 1e6).toFixed(1)} MB`
  const hold = { target: { value: 50 }, tolerance: 1, grain: 10 }
  return [
    timeFigure(`${root}: fetched, proved, checked, indexed`, total, 'ms', {
      target: { value: 2000 },
      tolerance: 0.3,
      detail,
    }),
    timeFigure(`${root}: longest hold of the event loop`, heldByRoot, 'ms', hold),
    timeFigure(`${index} made`, built, 'ms', { tolerance: 0.5 }),
    timeFigure(`${index}: longest hold of the event loop`, beside(built, built.answer.longest), 'ms', hold),
    timeFigure(`look-up by key id among ${size.keys} keys`, await costOfWork(lookUp, effort), 'µs', {
      per: CALLS,
      target: { value: 1 },
    }),
  ]
}
