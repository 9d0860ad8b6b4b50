/** A whole request in process: what else an evaluation does passes through the caches of the processor, as it does in the field. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { isJsonObject, parseJson, stringifyJson } from '../../src/base/json.ts'
import { openLoadedServer } from '../../src/cli/loaded-server.ts'
import { readConfig } from '../../src/config.ts'
import { isOfType } from '../../src/fhir/json.ts'
import type { Parameters } from '../../src/fhir/types.ts'
import { certificates } from './whole-evaluate.ts'

/** So many that none is asked again while anything of it could be kept. */
const count = 2_000

/** After so many others have a turn, as between requests: code for maps is made then. */
const withoutTurn = 20

/** The evaluation of one certificate after another, each of them different: from the text of the question to the text of the reply. */
export interface WholeRequest {
  evaluate(): Promise<string | undefined>
  close(): Promise<void>
}

function parametersOf(text: string): Parameters {
  const parsed = parseJson(text)
  if (isJsonObject(parsed) && isOfType(parsed, 'Parameters')) return parsed
  throw new Error('a question of the benchmark is no Parameters')
}

/**
 * Opens a server in memory with the own content.
 * @param dose of the two that each certificate is about: the second is accepted, the first rejected, with the reasons
 * @throws Error when the certificates are not judged so
 */
export async function wholeRequest({ dose = 2 } = {}): Promise<WholeRequest> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  const server = await openLoadedServer(readConfig({ STORAGE_URL: 'sqlite::memory:', DATA_DIR: dataDir }))
  const issue = certificates(dataDir, dose)
  const questions = Array.from({ length: count }, issue)
  let next = 0
  const evaluate = async () => {
    if (next % withoutTurn === 0) await setImmediate()
    const question = questions[next++ % questions.length]
    if (question === undefined) return undefined
    return stringifyJson(await server.evaluate.answer(parametersOf(question), {}))
  }
  const close = async () => {
    await server.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
  const first = await evaluate()
  const wanted = dose === 2 ? 'accepted' : 'rejected'
  if (first?.includes(`"${wanted}"`)) return { evaluate, close }
  await close()
  throw new Error(`the certificate is not ${wanted}: ${first?.slice(0, 400)}`)
}
