/** What stands in a structure map beside its text. */
import type { Reading } from './reading.ts'

/** A structure that a map uses. */
export interface MapStructure {
  url: string
  mode: string
  alias: string
}

/** A group of rules. */
export interface MapGroup {
  name: string
  extends: string
  inputs: { name: string; mode: string; type: string }[]
  rules: number
  documentation: string
}

/** Reads StructureMap.structure. */
export const structuresOf = (resource: Reading): MapStructure[] =>
  resource
    .children('structure')
    .map((each) => ({ url: each.text('url'), mode: each.text('mode'), alias: each.text('alias') }))

/** Reads StructureMap.group. */
export const groupsOf = (resource: Reading): MapGroup[] =>
  resource.children('group').map((each) => ({
    name: each.text('name'),
    extends: each.text('extends'),
    inputs: each
      .children('input')
      .map((input) => ({ name: input.text('name'), mode: input.text('mode'), type: input.text('type') })),
    rules: each.children('rule').length,
    documentation: each.text('documentation'),
  }))
