/** Writes the releases that are read as lists of concepts: what their files say beside the concepts. */
import type { Json } from '../../base/json-value.ts'
import type { IndexBuilder } from '../code-system/large/index-builder.ts'

/** A builder whose file is of a kind, and says in which languages it has texts beside that of the system. */
export function releaseBuilder(builder: IndexBuilder, kind: string): IndexBuilder {
  const languages = new Set<string>()
  const see = ({ concept }: Parameters<IndexBuilder['replace']>[1]) => {
    for (const { language } of concept?.designation ?? []) if (language !== undefined) languages.add(language)
  }
  return {
    add: (row) => {
      see(row)
      return builder.add(row)
    },
    replace: (row, content) => {
      see(content)
      builder.replace(row, content)
    },
    finish: (file, progress) =>
      builder.finish(file, progress, { kind, write: () => ({ languages: [...languages].sort() }) }),
  }
}

/** The languages that a file says; none of one that was written before files said so. */
export function languagesIn(own: Json | undefined): string[] {
  if (typeof own !== 'object' || own === null || !('languages' in own)) return []
  const { languages } = own
  return Array.isArray(languages) ? languages.filter((each) => typeof each === 'string') : []
}
