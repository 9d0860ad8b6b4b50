import type { ComponentChild } from 'preact'

/** A text whose places `{name}` are filled with elements rather than texts. */
export function Filled({ text, values }: { text: string; values: Record<string, ComponentChild> }) {
  return (
    <>
      {text.split(/(\{\w+\})/).map((part, index) => {
        const name = /^\{(\w+)\}$/.exec(part)?.[1]
        return <span key={index}>{name !== undefined && Object.hasOwn(values, name) ? values[name] : part}</span>
      })}
    </>
  )
}
