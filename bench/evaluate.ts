import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLoadedServer } from '../src/cli/loaded-server.ts'
import { readConfig } from '../src/config.ts'
import { demoCountry, demoIssuer } from '../src/demo/demo-issuer.ts'
import { issueHcert } from '../src/demo/issue-hcert.ts'
import { samplePayload } from '../src/demo/samples.ts'
import type { Parameters } from '../src/fhir/types.ts'
import { startServerProcess } from '../test/support/server-process.ts'
import { measureWholeEvaluate } from './support/whole-evaluate.ts'

const rounds = 7
const calls = 400
const warmUpCalls = 3_000
const dayMilliseconds = 86_400_000

async function cpuSecondsFor(count: number, call: () => unknown): Promise<number> {
  const start = process.cpuUsage()
  for (let i = 0; i < count; i++) await call()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

function specimen(dataDir: string): Parameters {
  const now = new Date()
  const issuer = demoIssuer(dataDir, now)
  const times = {
    issuedAt: new Date(now.getTime() - dayMilliseconds),
    expires: new Date(now.getTime() + 90 * dayMilliseconds),
  }
  const text = issueHcert(samplePayload('dcc-v', { issuer: demoCountry, ...times }), { ...issuer, algorithm: 'ES256' })
  return { resourceType: 'Parameters', parameter: [{ name: 'credential', valueString: text }] }
}

/**
 * The whole main job, over HTTP and in process, against bare ES256 verifications; then a server of its own, from start to first answer.
 */
export async function bench(): Promise<{ name: string; value: string; target: string }[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  try {
    const ratio = await evaluateRatio(dataDir)
    const starts = [...(await coldStart(dataDir, 'first start')), ...(await coldStart(dataDir, 'later start'))]
    return [...(await wholeRequest(dataDir)), ratio, ...starts]
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** The figure that counts: all that a request costs, the certificates all different. */
async function wholeRequest(dataDir: string) {
  const { request, verification, express, ratio, perSecond, replyBytes } = await measureWholeEvaluate(dataDir)
  const costs = `${request.toFixed(0)} µs, ES256 ${verification.toFixed(0)} µs`
  const range = `${ratio.least.toFixed(3)}–${ratio.most.toFixed(3)}`
  return [
    {
      name: `whole $evaluate over HTTP, of bare ES256 (${costs})`,
      value: `${ratio.median.toFixed(3)} (${range})`,
      target: '≥ 0.2',
    },
    {
      name: `the same, of a reply by Express of ${replyBytes} B (${express.toFixed(0)} µs)`,
      value: `${(express / request).toFixed(3)} (${Math.round(perSecond)}/s)`,
      target: '–',
    },
  ]
}

async function evaluateRatio(dataDir: string) {
  const server = await openLoadedServer(readConfig({ STORAGE_URL: 'sqlite::memory:', DATA_DIR: dataDir }))
  const question = specimen(dataDir)
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const data = Buffer.alloc(330, 7)
  const signature = sign('sha256', data, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })
  const key = { key: pair.publicKey, dsaEncoding: 'ieee-p1363' as const }
  const evaluate = () => server.evaluate.answer(question, {})
  const first = await evaluate()
  if (!JSON.stringify(first).includes('"accepted"'))
    throw new Error(`the specimen is not accepted: ${JSON.stringify(first).slice(0, 400)}`)
  await cpuSecondsFor(warmUpCalls, evaluate)
  const bare: number[] = []
  const whole: number[] = []
  for (let round = 0; round < rounds; round++) {
    bare.push(await cpuSecondsFor(calls, () => verify('sha256', data, key, signature)))
    whole.push(await cpuSecondsFor(calls, evaluate))
  }
  await server.close()
  const value = median(bare) / median(whole)
  const perSecond = Math.round(calls / median(whole))
  return {
    name: 'whole $evaluate in process (verify, map, rules), of bare ES256',
    value: `${value.toFixed(2)} (${perSecond}/s)`,
    target: '≥ 0.2',
  }
}

/** From spawning the process to the first accepted certificate, rules translated; memory of the process then. */
async function coldStart(dataDir: string, label: string) {
  const start = performance.now()
  const server = await startServerProcess({ DATA_DIR: dataDir, ACCESS_LOG: 'off' })
  const body = JSON.stringify(specimen(dataDir))
  const reply = await fetch(`${server.url}/fhir/$evaluate`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/fhir+json' },
  })
  const text = await reply.text()
  const seconds = (performance.now() - start) / 1000
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))?.[1]) / 1024
  await server.stop()
  if (!text.includes('"accepted"')) throw new Error('the server did not accept the specimen')
  return [
    {
      name: `${label} to first answer, own content, CQL translated`,
      value: `${seconds.toFixed(1)} s`,
      target: '< 5 s',
    },
    { name: `${label}, resident memory then`, value: `${Math.round(rss)} MB`, target: '< 300 MB' },
  ]
}
