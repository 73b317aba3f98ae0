// The least that a program in Node can do: cold starts are compared with it.
