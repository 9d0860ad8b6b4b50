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

/** As many as the largest root list of the network, with their authority in each chain: 1.5 MB. */
const SIGNERS = 1000
const KEYS = 20_000
const CALLS = 1_000_000
const path = '/v2/trustlist/did.json'

// What making a list leaves behind is not to be collected while it is read.
setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const issuer = testIssuer({ country: 'XA' })

async function rootList(id: string): Promise<Buffer> {
  const signers = Array.from({ length: SIGNERS }, () => certificateUnder(issuer.authority, keyPairFor('ES256')))
  const items = [
    listItem(issuer.sca, { usage: 'CSCA' }),
    ...signers.map((each) => listItem(each, { chain: [issuer.sca] })),
  ]
  return Buffer.from(JSON.stringify(await signedList(items, { document: { id, controller: id } })))
}

const milliseconds = (microseconds: number) => `${(microseconds / 1000).toFixed(0)} ms`
const cpu = ({ user, system }: NodeJS.CpuUsage) => user + system

/** Most computing of this thread between two turns of the event loop from now on, in milliseconds; other programs do not count. */
function longestHold(): () => number {
  let isOver = false
  let longest = 0
  let last = cpu(process.threadCpuUsage())
  const turn = () => {
    const now = cpu(process.threadCpuUsage())
    longest = Math.max(longest, now - last)
    last = now
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  return () => {
    isOver = true
    return longest / 1000
  }
}

/** Fetched over https, proven and checked in a process of its own, kept on disk, indexed. */
async function remoteRoot() {
  const server = await startListServer()
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  const network = createNetworkClient({ isOn: true, hosts: [server.listed] })
  try {
    const bytes = await rootList(`did:web:${server.host}%3A${server.port}:v2:trustlist`)
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
    const longest = longestHold()
    const start = process.cpuUsage()
    const [status] = await trust.reload()
    const own = cpu(process.cpuUsage(start))
    const held = longest()
    if (status?.keys !== SIGNERS + 1) throw new Error(`${status?.keys} keys: ${status?.failure}`)
    const alone = process.cpuUsage()
    await checkTrustList(bytes, [listSigner.publicKey])
    const proved = cpu(process.cpuUsage(alone))
    return { bytes: bytes.length, total: own + proved, held }
  } finally {
    network.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Keys that differ in all that the index looks at. */
function manyKeys(): TrustedKey[] {
  const base = certificateKey(certificateUnder(issuer.authority, keyPairFor('ES256')))
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return Array.from({ length: KEYS }, (_, at) => {
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
export async function bench() {
  const { bytes, total, held } = await remoteRoot()
  const keys = manyKeys()
  const built = process.cpuUsage()
  const longest = longestHold()
  const index = await createKeyIndexInSlices([keys])
  const building = cpu(process.cpuUsage(built))
  const heldByIndex = longest()
  const framework = { name: 'hcert', issuers: 'country' } as const
  const ids = keys.map(({ keyId }) => keyId)
  const start = process.cpuUsage()
  let found = 0
  for (let at = 0; at < CALLS; at++) {
    const keyId = ids[at % KEYS] ?? ''
    found += index.find({ framework, keyId, issuer: 'XA' }).length
  }
  const perCall = cpu(process.cpuUsage(start)) / CALLS
  if (found !== CALLS) throw new Error(`${found} of ${CALLS} keys were found`)
  return [
    {
      name: `root list of ${(bytes / 1e6).toFixed(1)} MB: fetched, proved, checked, indexed (CPU)`,
      value: milliseconds(total),
      target: '< 2000 ms',
    },
    { name: 'the same: longest hold of the event loop (CPU)', value: `${held.toFixed(0)} ms`, target: '≤ 50 ms' },
    { name: `index of ${KEYS} keys made (CPU)`, value: milliseconds(building), target: '–' },
    {
      name: 'the same: longest hold of the event loop (CPU)',
      value: `${heldByIndex.toFixed(0)} ms`,
      target: '≤ 50 ms',
    },
    { name: `look-up by key id among ${KEYS} keys`, value: `${perCall.toFixed(2)} µs`, target: '< 1 µs' },
  ]
}
