// Static polymorphism: a class without fields as a bundle of functions, chosen by a type parameter.

/** The methods of F, called on no object: the compiler resolves them by type alone, so that they inline. */
export function methodsOf<F>(): F {
  return changetype<F>(0);
}
