/** The models that come with the program: the core data sets of WHO's DDCC, as `igs/` has them. */
import { readdirSync, readFileSync } from 'node:fs'
import type { StructureDefinition } from '../../fhir/types.ts'
import { gather } from './gather.ts'
import { generateModel } from './generate.ts'
import type { LogicalModel } from './logical-model.ts'

/** Folder of the StructureDefinitions. */
const folder = new URL('../../../igs/', import.meta.url)

/** What the model begins with, and the name that libraries use it by. */
const root = 'DDCCCoreDataSet'
const modelName = 'DDCC'

/** The code of an event, which a retrieve of `[DDCCCoreDataSetVS: "Some Vaccines"]` means. */
const codePaths: Readonly<Record<string, string>> = {
  DDCCCoreDataSetVS: 'vaccination.vaccine',
  DDCCCoreDataSetTR: 'test.type',
  DDCCCoreDataSetRecovery: 'recovery.disease',
}

let made: LogicalModel | undefined

/** The model DDCC, made at first use and kept. @throws Error when the folder is not as it is shipped */
export function ddccModel(): LogicalModel {
  made ??= make()
  return made
}

function make(): LogicalModel {
  const definitions = readdirSync(folder)
    .filter((name) => name.startsWith(`StructureDefinition-vidimus-${root}`))
    .map((name): StructureDefinition => JSON.parse(readFileSync(new URL(name, folder), 'utf8')))
  const first = definitions.find(({ name }) => name === root)
  if (!first) throw new Error(`${root} is not among the StructureDefinitions that are shipped`)
  const gathered = gather(first, definitions)
  const model = 'text' in gathered ? { faults: [gathered] } : generateModel(modelName, gathered, codePaths)
  if ('faults' in model) throw new Error(model.faults.map(({ path, text }) => `${path} ${text}`).join('; '))
  return model
}
