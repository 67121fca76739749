Copyright (c) 2009 The Go Authors. All rights reserved.

