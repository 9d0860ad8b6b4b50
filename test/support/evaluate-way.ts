/**
 * The way of one `$evaluate` through the house, counted: `node test/support/evaluate-way.ts [--all]`. The question is the one that most
 * verifiers ask: is this EU DCC of a vaccination, of a trusted issuer, accepted? It is asked once warm, in process, from the handler
 * of the operation to its reply.
 *
 * - *files*: files of `src/` in which a function ran.
 * - *hop*: one file hands the credential, or what was made of it, to another. Counted among the rooms that know what a credential is
 *   (operations, evaluate, credentials, trust) and the doors of the machines that it is run through (rules/rules.ts,
 *   structure-map/maps.ts); what a machine does inside, and the helpers of base/ and fhir/, are no hops. A pair of files counts once
 *   when the first imports a function of the second by name and that function ran; a file that ran and of which nobody imports such a
 *   function was given its call by a table or by the wiring, and counts as one hop.
 * - *shape*: an exported interface or type of one of these rooms that another file on the way names. Not counted are codes (unions of
 *   literals), trust/, whose types are of keys and lists, and what else holds nothing of a credential: {@link surroundings}.
 */
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { demoCountry, demoIssuer } from '../../src/demo/demo-issuer.ts'
import { evaluateOperation } from '../../src/operations/evaluate.ts'
import { specimenOf } from './evaluate-question.ts'
import { openTestServer } from './loaded-server.ts'
import { type Way, wayOf } from './way.ts'

const source = resolve(import.meta.dirname, '../../src')
const rooms = /^(?:operations|evaluate|credentials|trust)\/|^(?:rules\/rules|structure-map\/maps)\.ts$/

/** Types of these rooms that hold settings, keys, tables, or what the server gives: nothing of a credential. */
const surroundings = new Set([
  'CborLimits',
  'CertificateKind',
  'CompiledMap',
  'CredentialFormat',
  'EvaluateEnvironment',
  'EvaluateSettings',
  'Framework',
  'KeyQuery',
  'KeySource',
  'Limits',
  'Mapping',
  'OperationContext',
  'Plans',
  'RuleSource',
  'RuleSurroundings',
  'Rules',
  'SignatureAlgorithm',
  'Subclaim',
  'TrustedKey',
  'VerificationContext',
  'VerificationKey',
])

/** What is counted. */
export interface EvaluateWay {
  files: string[]
  /** `from → to`, or `→ to` for what is given by a table or by the wiring. */
  hops: string[]
  shapes: string[]
}

/** Counts the way of one question. */
export async function evaluateWay(): Promise<EvaluateWay> {
  const { server, dataDir, close } = await openTestServer()
  try {
    const now = new Date()
    const parameters = specimenOf({ issuer: demoIssuer(dataDir, now), country: demoCountry, now })
    const ask = async () => {
      const { resource } = await evaluateOperation.handle({ level: 'system', parameters, headers: {} }, server)
      if (!JSON.stringify(resource).includes('"accepted"')) throw new Error('the specimen is not accepted')
    }
    for (let call = 0; call < 3; call++) await ask()
    return countWay(await wayOf(ask))
  } finally {
    await close()
  }
}

function countWay(way: Way): EvaluateWay {
  const files = [...way.keys()].sort()
  const house = files.filter((file) => rooms.test(file))
  const imports = house.flatMap((from) => importsOf(from).map((each) => ({ from, ...each })))
  const ran = (file: string, name: string) => way.get(file)?.some((each) => each.name === name) ?? false
  const pairs = imports.filter(({ to, names }) => rooms.test(to) && names.some((name) => ran(to, name)))
  const handed = new Set(pairs.map(({ to }) => to))
  const given = house.filter((file) => !handed.has(file) && file !== 'operations/evaluate.ts')
  const hops = [...pairs.map(({ from, to }) => `${from} → ${to}`), ...given.map((file) => `→ ${file}`)]
  const shapes = imports.flatMap(({ to, names }) =>
    rooms.test(to) && !to.startsWith('trust/')
      ? names.filter((name) => isShape(to, name) && !surroundings.has(name))
      : [],
  )
  return { files, hops: [...new Set(hops)].sort(), shapes: [...new Set(shapes)].sort() }
}

/** What a file imports by name of other files of the sources. */
function importsOf(file: string): { to: string; names: string[]; isExport: boolean }[] {
  const text = readFileSync(join(source, file), 'utf8')
  return [...text.matchAll(/^(import|export)\s+(?:type\s+)?\{([^}]*)\}\s+from\s+'(\.[^']+)'/gm)].map(
    ([, keyword, names = '', path = '']) => ({
      isExport: keyword === 'export',
      to: join(dirname(file), path),
      names: names
        .split(',')
        .map((each) =>
          each
            .trim()
            .replace(/^type\s+/, '')
            .replace(/\s+as\s.*$/, ''),
        )
        .filter((each) => each !== ''),
    }),
  )
}

/** Whether a file exports a type of that name, its own or another's, which is more than a code, a number or a function. */
function isShape(file: string, name: string): boolean {
  const handedOn = importsOf(file).find((each) => each.isExport && each.names.includes(name))
  if (handedOn) return isShape(handedOn.to, name)
  const text = readFileSync(join(source, file), 'utf8')
  if (new RegExp(`^export interface ${name}\\b`, 'm').test(text)) return true
  const type = new RegExp(`^export type ${name} =((?:.*\\n)(?:[ |].*\\n)*)`, 'm').exec(text)?.[1]
  if (type === undefined || type.includes('=>') || type.includes('(typeof ')) return false
  return !type.split('|').every((part) => /^\s*(?:'[^']*'|number|string|boolean|)\s*$/.test(part))
}

if (import.meta.main) {
  const { files, hops, shapes } = await evaluateWay()
  console.log(`files ${files.length}, hops ${hops.length}, shapes ${shapes.length}`)
  if (process.argv.includes('--all')) console.log([...hops, '', ...shapes].join('\n'))
}
