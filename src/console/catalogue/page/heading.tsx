/** The heading of a page: it names the page for the browser, and takes the focus when somebody came from another. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { place } from '../../app/router.ts'

let lastPath: string | undefined

/** An h1. @param title of the browser's window */
export function Heading({ title, children }: { title: string; children: ComponentChildren }) {
  const element = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title.slice(0, 120)} · vidimus`
  }, [title])
  useEffect(() => {
    // The first page is announced by the browser, a page of another view by the frame.
    if (lastPath?.startsWith('/catalogue') && lastPath !== place.value.path) element.current?.focus()
    lastPath = place.value.path
  }, [])
  return (
    <h1 ref={element} tabIndex={-1} dir="auto">
      {children}
    </h1>
  )
}
