/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unit-property.h"

/*
 * A property's value as text for people, close to what a unit file says: "512M" is "536870912", a list of words its
 * words, commands their arguments, sets and modes as they are written there. What is rarer is GVariant's text form.
 * Different values have different texts: digests are made of them. Free with g_free().
 */
char *unit_property_to_text(const UnitProperty *p);
