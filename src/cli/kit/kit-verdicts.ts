/** Verdicts by a verifier kit, for the command line. */
import { readFile } from 'node:fs/promises'
import type { Config } from '../../config.ts'
import { openKit } from '../../kit/open-kit.ts'
import { openKitEvaluation } from '../../server/kit/kit-evaluation.ts'
import { installedKit, pinnedKeys } from './pins.ts'
import type { Verdicts } from './verdicts.ts'

/** Which kit, and whose. */
interface KitChoice {
  /** Default: the one that is installed. */
  file: string | undefined
  keys: readonly string[]
}

/** Opens a kit. @throws KitError; the error of the system when it cannot be read */
export async function openKitVerdicts(config: Config, { file, keys }: KitChoice): Promise<Verdicts> {
  const now = () => new Date()
  const bytes = await readFile(file ?? installedKit(config))
  const kit = openKit(bytes, { pins: await pinnedKeys(keys, config), now: now() })
  return { ...(await openKitEvaluation(kit, { config, now })), kit: kit.hash }
}
