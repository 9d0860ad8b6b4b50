/** What references in ELM stand for, followed without running it. */
import { isJsonObject } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { definitions } from './elm.ts'
import type { CompiledLibrary } from './libraries.ts'

/** The library of conversions that the model needs; its bodies explain nothing. */
export const helpers = 'FHIRHelpers'

/** The expression of the define that an `ExpressionRef` of a library names; undefined for one that is not there. */
export function referredBy({ name, libraryName }: JsonObject, library: CompiledLibrary): JsonObject | undefined {
  const holder = libraryName === undefined ? library : includedLibrary(library, libraryName)
  const found =
    holder && definitions(holder.elm, 'statements').find((each) => each.type !== 'FunctionDef' && each.name === name)
  return isJsonObject(found?.expression) ? found.expression : undefined
}

function includedLibrary(library: CompiledLibrary, alias: Json): CompiledLibrary | undefined {
  const include = definitions(library.elm, 'includes').find((each) => each.localIdentifier === alias)
  const id = String(include?.path).slice(String(include?.path).lastIndexOf('/') + 1)
  return library.includes.find(
    ({ identifier }) =>
      identifier.id === id && (include?.version === undefined || include.version === identifier.version),
  )
}
