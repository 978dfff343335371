import { type FormEvent, useEffect, useState } from 'react'
import { findSession, type Session, signIn, signOut } from './session'

/** GraphiQL's panel to sign in: what is asked afterwards is asked as that user. */
export const sessionPlugin = { title: 'Sign in', icon: SessionIcon, content: SessionPanel }

function SessionPanel() {
  const [session, setSession] = useState<Session>()
  const [failure, setFailure] = useState<string>()

  function follow(change: Promise<Session | undefined>) {
    setFailure(undefined)
    change.then(setSession).catch((error: Error) => setFailure(error.message))
  }
  useEffect(() => follow(findSession()), [])

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    follow(signIn(String(form.get('email')), String(form.get('password'))))
  }

  return (
    <section className="session-panel">
      <h1>Sign in</h1>
      {session === undefined ? (
        <form onSubmit={submit}>
          <label>
            E-mail
            <input name="email" type="email" autoComplete="username" required />
          </label>
          <label>
            Password
            <input name="password" type="password" autoComplete="current-password" required />
          </label>
          <button type="submit">Sign in</button>
        </form>
      ) : (
        <>
          <p>You are signed in, as {session.role.toLowerCase()}.</p>
          <button type="button" onClick={() => follow(signOut())}>
            Sign out
          </button>
        </>
      )}
      {failure !== undefined && <p role="alert">{failure}</p>}
      <p>A token of a script goes into the headers instead: {'{ "authorization": "Bearer …" }'}</p>
    </section>
  )
}

function SessionIcon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <circle cx="12" cy="8" r="4" />
      <path d="M4 21c0-4.4 3.6-7 8-7s8 2.6 8 7" />
    </svg>
  )
}
